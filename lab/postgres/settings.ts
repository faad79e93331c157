/** A server's settings as it reports them (the view pg_settings), in Azure's words. */

export interface Setting {
  name: string;
  value: string;
  unit: string | null;
  bootValue: string;
  resetValue: string;
  /** `bool`, `enum`, `integer`, `real` or `string`. */
  type: string;
  /** `postmaster` needs a restart; `sighup`, `superuser`, `user`, … do not. */
  context: string;
  minimum: string | null;
  maximum: string | null;
  enumeration: string[] | null;
  pendingRestart: boolean;
  description: string;
}

export const settingsQuery = `
  SELECT name, setting AS value, unit, boot_val AS "bootValue", reset_val AS "resetValue", vartype AS type, context,
         min_val AS minimum, max_val AS maximum, enumvals AS enumeration, pending_restart AS "pendingRestart",
         short_desc AS description
  FROM pg_settings ORDER BY name`;
