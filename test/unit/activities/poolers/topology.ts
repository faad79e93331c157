/** A pooler as a topology names it, its defaults filled in. */
import { topologySchema } from '../../../../catalogue';

export const pooler = topologySchema.shape.kubernetes
  .unwrap()
  .shape.pooler.unwrap()
  .parse({
    ...{ name: 'pgbouncer', image: 'edoburu/pgbouncer:v1.23.1-p3', sidecarImage: 'broxiva/durable-runbooks:0.1.0' },
    application: { secret: 'secrets', key: 'DATABASE_URL' },
    authorities: { configMap: 'authorities', key: 'ca.pem' },
  });
