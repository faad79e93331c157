/** Where resources live; parameters are named as `Params` has them. */
import { provider } from '../names';

export const subscriptionPath = '/subscriptions/:subscription';
export const groupPath = `${subscriptionPath}/resourceGroups/:group`;
export const locationPath = `${subscriptionPath}/providers/${provider}/locations/:location`;
export const serversPath = `${groupPath}/providers/${provider}/flexibleServers`;
export const serverPath = `${serversPath}/:server`;
