/**
 * What Azure answers when it says no: one place for codes, statuses and texts.
 *
 * Texts are Azure's own where a real reply is known. `from` tells whether Resource Manager itself answered
 * ("gateway": header x-ms-failure-cause, no rate limits) or the PostgreSQL provider did. Refusals that the provider gives
 * only after it accepted a request (202, then `Failed`) are made here as well: `status` is then not used.
 */
import { randomUUID } from 'node:crypto';

export class AzureError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly from: 'gateway' | 'provider' = 'provider',
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  get body(): { error: { code: string; message: string; target?: null } } {
    return { error: { code: this.code, message: this.message } };
  }
}

const gateway = (status: number, code: string, message: string, headers?: Record<string, string>) =>
  new AzureError(status, code, message, 'gateway', headers);
const provider = (status: number, code: string, message: string) => new AzureError(status, code, message);

const learn = 'https://learn.microsoft.com/en-us/azure/postgresql/flexible-server';

const challenge = (tenant: string, description: string) => ({
  'www-authenticate': `Bearer authorization_uri="https://login.windows.net/${tenant}", error="invalid_token", error_description="${description}"`,
});

/** Resource Manager's own. */
export const gatewayErrors = {
  noToken: (tenant: string) =>
    gateway(
      401,
      'AuthenticationFailed',
      "Authentication failed. The 'Authorization' header is missing.",
      challenge(tenant, "The authentication failed because of missing 'Authorization' header."),
    ),
  wrongScheme: (tenant: string) =>
    gateway(
      401,
      'AuthenticationFailed',
      "Authentication failed. The 'Authorization' header is provided in an invalid format.",
      challenge(tenant, "The authentication failed because the 'Authorization' header has no bearer token."),
    ),
  badToken: (tenant: string) =>
    gateway(
      401,
      'InvalidAuthenticationToken',
      'The access token is invalid.',
      challenge(tenant, 'The access token is invalid.'),
    ),
  missingApiVersion: () =>
    gateway(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    ),
  unregisteredApiVersion: (version: string, type: string, supported: string, location: string) =>
    gateway(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for location '${location}' and API version '${version}' for type '${type}'. The supported api-versions are '${supported}'. The supported locations are '${location}'.`,
    ),
  invalidApiVersion: (version: string, supported: string) =>
    gateway(
      400,
      'InvalidApiVersionParameter',
      `The api-version '${version}' is invalid. The supported versions are '${supported}'.`,
    ),
  subscriptionNotFound: (subscription: string) =>
    gateway(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`),
  groupNotFound: (group: string) =>
    gateway(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`),
  resourceNotFound: (type: string, name: string, group: string) =>
    gateway(
      404,
      'ResourceNotFound',
      `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    ),
  unknownNamespace: (namespace: string) =>
    gateway(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid.`),
  unknownType: (namespace: string, type: string, version: string) =>
    gateway(
      404,
      'InvalidResourceType',
      `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${version}'.`,
    ),
  methodNotAllowed: (method: string, path: string) =>
    gateway(405, 'HttpMethodNotAllowed', `The HTTP method '${method}' is not supported at scope '${path}'.`),
  notFound: (path: string) => gateway(404, 'NotFound', `No resource was found at '${path}'.`),
  invalidUrl: () => gateway(400, 'InvalidRequestUri', 'The request URI is invalid.'),
  malformedBody: (detail: string) =>
    gateway(
      400,
      'InvalidRequestContent',
      `The request content was invalid and could not be deserialized: '${detail}'.`,
    ),
  emptyBody: () =>
    gateway(400, 'InvalidRequestContent', 'The request content was invalid: the request has no content.'),
  bodyTooLarge: () =>
    gateway(413, 'RequestEntityTooLarge', 'The request body exceeded the maximum size of 4194304 bytes.'),
  mediaType: (type: string) =>
    gateway(
      415,
      'UnsupportedMediaType',
      `The content media type '${type}' is not supported. Only 'application/json' is supported.`,
    ),
  locationRequired: () => gateway(400, 'LocationRequired', 'The location property is required for this definition.'),
  scopeLocked: (scope: string, action: 'write' | 'delete', locked: string[]) =>
    gateway(
      409,
      'ScopeLocked',
      `The scope '${scope}' cannot perform ${action} operation because following scope(s) are locked: '${locked.join("', '")}'. Please remove the lock and try again.`,
    ),
  lockNotFound: (name: string) => gateway(404, 'LockNotFound', `The lock '${name}' could not be found.`),
  unsignedOperation: () =>
    gateway(
      403,
      'AuthorizationFailed',
      'The signature of the operation URL is missing or does not match: send the URL back unchanged.',
    ),
  throttled: (subscription: string, operation: string, seconds: number) =>
    gateway(
      429,
      'SubscriptionRequestsThrottled',
      `Number of requests for subscription '${subscription}' and operation '${operation}' exceeded the backend storage limit. Please try again after '${seconds}' seconds.`,
      { 'retry-after': String(seconds) },
    ),
};

/** The PostgreSQL provider's. */
export const providerErrors = {
  childNotFound: (name: string) => provider(404, 'ResourceNotFound', `The specified resource ${name} was not found.`),
  typedChildNotFound: (type: string, name: string) =>
    provider(404, 'ResourceNotFound', `The requested resource of type '${type}' with name '${name}' was not found.`),
  operationNotFound: (id: string) =>
    provider(404, 'ResourceNotFound', `The requested operation '${id}' was not found.`),
  unexpected: (trackingId: string) =>
    provider(
      500,
      'InternalServerError',
      `An unexpected error occured while processing the request. Tracking ID: '${trackingId}'`,
    ),
  conflict: (server: string) =>
    provider(409, 'Conflict', `Another operation is in progress on server '${server}'. Try again later.`),

  skuTierMismatch: () =>
    provider(
      400,
      'ServerEditionIncompatibleWithSkuSize',
      `The requested server edition is incompatible with requested Sku Size. Please refer ${learn}/concepts-compute-storage#compute-tiers-vcores-and-server-types.`,
    ),
  invalidParameter: (name: string) =>
    provider(
      400,
      'InvalidParameterValue',
      `Invalid value given for parameter ${name}. Specify a valid parameter value.`,
    ),
  skuUnavailable: (sku: string, location: string) =>
    provider(
      400,
      'SkuNotAvailable',
      `The requested size '${sku}' is currently not available in location '${location}'. Please try another size or location.`,
    ),
  storageShrinks: (from: number, to: number) =>
    provider(
      400,
      'InvalidParameterValue',
      `Invalid value given for parameter StorageSizeGB. Specify a valid parameter value. Storage can only be scaled up: it is ${from} GiB, ${to} GiB were requested.`,
    ),
  burstableHighAvailability: (server: string) =>
    provider(400, '', `High availiability not supported for burstable server [${server}].`),
  burstableReplica: (server: string) =>
    provider(
      400,
      'ReadReplicaNotSupportedForBurstableServer',
      `Read replicas are not supported for burstable server '${server}'.`,
    ),
  primaryAboveReplica: (what: string, replica: string) =>
    provider(
      400,
      'SourceServerExceedsReplica',
      `The ${what} of a source server cannot exceed that of its read replica '${replica}'. Scale the replica first. See ${learn}/concepts-read-replicas.`,
    ),
  replicaBelowPrimary: (what: string, primary: string) =>
    provider(
      400,
      'ReplicaBelowSourceServer',
      `The ${what} of a read replica cannot be less than that of its source server '${primary}'. Scale the source server first. See ${learn}/concepts-read-replicas.`,
    ),
  replicasExist: (server: string, count: number) =>
    provider(
      400,
      'ReadReplicaServersExistForSourceServer',
      `Server '${server}' has '${count}' active replicas.Drop operation on server with replicas not allowed.`,
    ),
  tooManyReplicas: (server: string, limit: number) =>
    provider(400, 'ReplicaLimitReached', `Server '${server}' already has the maximum of ${limit} read replicas.`),
  sourceNotFound: (id: string) => provider(400, 'SourceServerNotFound', `The source server '${id}' was not found.`),
  sourceIsReplica: (server: string) =>
    provider(
      400,
      'CascadingReplicaNotSupported',
      `Server '${server}' is a read replica; a replica of it is not supported.`,
    ),
  sourceNotReady: (server: string, state: string) =>
    provider(400, 'ServerIsNotReady', `Source server '${server}' is not ready, current state = ${state}.`),
  replicaIsReadOnly: (server: string, what: string) =>
    provider(
      400,
      'OperationNotAllowedOnReplica',
      `The ${what} of read replica '${server}' cannot be changed: change it on its source server.`,
    ),
  notAReplica: (server: string) =>
    provider(400, 'OperationNotAllowedOnPrimary', `Server '${server}' is not a read replica, it cannot be promoted.`),
  switchoverNeedsVirtualEndpoint: (server: string) =>
    provider(
      400,
      'VirtualEndpointRequired',
      `Promotion of '${server}' to primary server requires virtual endpoints on its source server. See ${learn}/concepts-read-replicas-promote.`,
    ),
  switchoverNeedsSameSize: (what: string) =>
    provider(
      400,
      'ServersNotSymmetrical',
      `Promotion to primary server requires the same ${what} on source and replica. See ${learn}/concepts-read-replicas-promote.`,
    ),
  nameTaken: (name: string) =>
    provider(409, 'ServerNameAlreadyExists', `Specified server name '${name}' is already used.`),
  passwordRequired: () =>
    provider(
      400,
      'InvalidParameterValue',
      'Invalid value given for parameter administratorLoginPassword. Specify a valid parameter value.',
    ),

  busyServer: (server: string) =>
    provider(409, 'ProvisioningServerBusy', `Server ${server} is busy with other operations. Please try later`),
  busyOperation: (server: string) =>
    provider(
      409,
      'ServerIsBusy',
      `Cannot complete operation while server '${server}' is busy processing another operation. Try again later.`,
    ),
  notStarted: (server: string, state: string) =>
    provider(
      409,
      'ServerIsNotReady',
      `Restart or Stop Server can only be performed on Started servers. Sever Name = ${server}, Current Server State = ${state}`,
    ),
  notStopped: (server: string, state: string) =>
    provider(
      409,
      'ServerIsNotReady',
      `Start Server can only be performed on Stopped servers. Server Name = ${server}, Current Server State = ${state}`,
    ),
  serverStopped: (server: string) =>
    provider(409, 'ServerIsNotReady', `Server '${server}' is not started. Start the server and try again.`),
  preempted: () => provider(409, 'OperationPreempted', 'The operation has been preempted by a more recent operation.'),
  interrupted: () => provider(500, 'InternalServerError', 'The operation was interrupted and cannot be continued.'),

  unknownConfiguration: (name: string) =>
    provider(400, 'ServerParameterToCMSUnAllowedParameterName', `Server parameter '${name}' does not exist.`),
  readOnlyConfiguration: (name: string) =>
    provider(
      400,
      'ServerParameterToCMSReadOnlyParameter',
      `Server parameter '${name}' is read-only and cannot be changed.`,
    ),
  invalidConfiguration: (name: string, value: string, allowed: string) =>
    provider(
      400,
      'ServerParameterToCMSUnAllowedParameterValue',
      `Value '${value}' is invalid for server parameter '${name}'. Allowed values are '${allowed}'.`,
    ),
  configurationBelowPrimary: (name: string, value: string, primary: string, least: string) =>
    provider(
      400,
      'ServerParameterToCMSUnAllowedParameterValue',
      `Value '${value}' is invalid for server parameter '${name}': on a read replica it must be the same as or higher than on its source server '${primary}', which has '${least}'.`,
    ),
  configurationAboveReplica: (name: string, value: string, replica: string, most: string) =>
    provider(
      400,
      'ServerParameterToCMSUnAllowedParameterValue',
      `Value '${value}' is invalid for server parameter '${name}': read replica '${replica}' has '${most}', which must be the same or higher. Raise it on the replica first.`,
    ),
};

/** The Redis provider's: with a request id in the text, and a target that is always null. */
class CacheError extends AzureError {
  constructor(status: number, code: string, message: string) {
    super(status, code, `${message}\r\nRequestID=${randomUUID()}`);
  }

  override get body() {
    return { error: { ...super.body.error, target: null } };
  }
}

const badCache = (message: string) => new CacheError(400, 'BadRequest', message);

/** Texts as customers have reported them: Azure/azure-cli 2902, 20997, 21448, Azure/azure-powershell 2294. */
export const cacheErrors = {
  unsupportedFamily: () =>
    badCache("Exception of type 'AzCacheRP.Exceptions.SkuFamilyNotSupportedException' was thrown."),
  notModifiable: (property: string) =>
    badCache(
      `The requested update to the resource is not permitted. The following properties(s) cannot be modified: '${property}'.`,
    ),
  oneAtATime: (properties: string[]) =>
    badCache(
      `The following updates can't be processed in one single request, please send seperate request to update them: '${properties.join(',')}'.`,
    ),
  premiumOnly: (property: string) => badCache(`The property '${property}' is only supported for the Premium SKU.`),
  invalid: (property: string, allowed: string) =>
    badCache(`The value of the parameter '${property}' is invalid. Allowed: ${allowed}.`),
  linked: (cache: string) =>
    badCache(
      `Cannot scale '${cache}' since it has linked servers associated with it. Please remove the linked server(s) and then try scaling the cache.`,
    ),
  linkedDelete: (cache: string) =>
    badCache(
      `Cannot delete '${cache}' since it has linked servers associated with it. Please remove the linked server(s) and then try deleting the cache.`,
    ),
  busy: (id: string) =>
    new CacheError(
      409,
      'Conflict',
      `The resource '${id}' is busy processing a previous update request or is undergoing system maintenance. As such, it is currently unable to accept the update request. Please try again later.`,
    ),
};
