/** Where resources live; parameters are named as `Params` has them. */
import { cacheProvider, provider } from '../names';

export const subscriptionPath = '/subscriptions/:subscription';
export const groupPath = `${subscriptionPath}/resourceGroups/:group`;
export const locationPath = `${subscriptionPath}/providers/${provider}/locations/:location`;
export const serversPath = `${groupPath}/providers/${provider}/flexibleServers`;
export const cachesPath = `${groupPath}/providers/${cacheProvider}/redis`;
export const cachePath = `${cachesPath}/:cache`;
export const cacheLocationPath = `${subscriptionPath}/providers/${cacheProvider}/locations/:location`;
export const serverPath = `${serversPath}/:server`;
