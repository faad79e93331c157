/** Resource ids, types and regions as Azure spells them. Pure. */

export const provider = 'Microsoft.DBforPostgreSQL';
export const serverType = `${provider}/flexibleServers`;
export const cacheProvider = 'Microsoft.Cache';
/** As replies spell it; clients write `redis`. */
export const cacheType = `${cacheProvider}/Redis`;

/** The directory that the lab's subscription is in: Microsoft's own. */
export const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47';

/** Regions by the name that URLs use; what GET shows is the display name. */
const regions: Record<string, string> = {
  eastus: 'East US',
  eastus2: 'East US 2',
  westus: 'West US',
  westus2: 'West US 2',
  westus3: 'West US 3',
  centralus: 'Central US',
  southcentralus: 'South Central US',
  northcentralus: 'North Central US',
  canadacentral: 'Canada Central',
  northeurope: 'North Europe',
  westeurope: 'West Europe',
  uksouth: 'UK South',
  francecentral: 'France Central',
  germanywestcentral: 'Germany West Central',
  swedencentral: 'Sweden Central',
  switzerlandnorth: 'Switzerland North',
  japaneast: 'Japan East',
  southeastasia: 'Southeast Asia',
  australiaeast: 'Australia East',
  brazilsouth: 'Brazil South',
};

/** `West US`, `westus`, `WESTUS` → `westus`. */
export function regionName(location: string): string {
  return location.replace(/\s/g, '').toLowerCase();
}

export function isRegion(location: string): boolean {
  return regionName(location) in regions;
}

/** `westus` → `West US`. A region that is not in the table keeps its name. */
export function regionDisplayName(location: string): string {
  return regions[regionName(location)] ?? location;
}

export function groupId(subscription: string, group: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}`;
}

export function serverId(subscription: string, group: string, server: string): string {
  return `${groupId(subscription, group)}/providers/${serverType}/${server}`;
}

export function cacheId(subscription: string, group: string, cache: string): string {
  return `${groupId(subscription, group)}/providers/${cacheType}/${cache}`;
}

/** The server's name at the end of a flexible server's id, in whatever spelling; undefined for any other id. */
export function serverNameOf(id: string): string | undefined {
  return /\/providers\/microsoft\.dbforpostgresql\/flexibleservers\/([^/]+)\/?$/i.exec(id)?.[1];
}

/** The server or cache a path is about, in whatever spelling, its children included. */
export function serverInPath(path: string): string | undefined {
  return /\/providers\/(?:microsoft\.dbforpostgresql\/flexibleservers|microsoft\.cache\/redis)\/([^/?]+)/i.exec(
    path,
  )?.[1];
}
