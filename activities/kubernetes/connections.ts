/**
 * Connections to the API server that are used again. The client (2.0.1) makes an agent for every request, and so a TLS handshake for
 * every request, while the connection of the one before stays open until it is idle for too long.
 */
import { KubeConfig, type RequestContext } from '@kubernetes/client-node';

type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>;
type Options = ReturnType<KubeConfig['createDispatcherOptions']>;

export class KeptConnections extends KubeConfig {
  /** As long as certificates, keys and addresses are the same. One that is left closes its connections when they are idle. */
  private kept: { options: string; dispatcher?: Dispatcher } | undefined;

  /** Also the headers, such as a token, which is read anew each time. */
  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    const made = context.getDispatcher();
    if (made) this.kept!.dispatcher = made;
    else if (this.kept?.dispatcher) context.setDispatcher(this.kept.dispatcher);
  }

  /** Of an agent that is to be made: none, where there is one with the same. */
  override createDispatcherOptions(...given: Parameters<KubeConfig['createDispatcherOptions']>): Options {
    const wanted = super.createDispatcherOptions(...given);
    const options = JSON.stringify(wanted);
    if (this.kept?.options === options) return { type: 'none' };
    // Whoever is just about to take the one before may still do so.
    this.kept = { ...this.kept, options };
    return withoutHttp2(wanted);
  }
}

/** A request that is given up ends an HTTP/1.1 connection. One of HTTP/2 that died without a word is used for ever. */
function withoutHttp2(wanted: Options): Options {
  const tls = { allowH2: false };
  if (wanted.type === 'agent') return { ...wanted, connect: { ...wanted.connect, ...tls } };
  if (wanted.type === 'none') return wanted;
  return { ...wanted, requestTls: { ...wanted.requestTls, ...tls } };
}
