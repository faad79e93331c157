/**
 * Where Azure's server parameters differ from PostgreSQL's: what cannot be changed, and narrower limits.
 * Source: Azure's own example of a server's list, azure-rest-api-specs ConfigurationsListByServer.json.
 */
import type { Setting } from '../../postgres/server';

const readOnly = new Set(
  `allow_in_place_tablespaces allow_system_table_mods archive_cleanup_command archive_command archive_library archive_mode
  archive_timeout authentication_timeout backtrace_functions bonjour bonjour_name checkpoint_flush_after cluster_name
  config_file data_directory data_sync_retry default_table_access_method dynamic_library_path dynamic_shared_memory_type
  enable_parallel_append enable_parallel_hash enable_partition_pruning event_source external_pid_file fsync
  full_page_writes hba_file hot_standby ident_file ignore_checksum_failure ignore_invalid_pages ignore_system_indexes
  jit_debugging_support jit_dump_bitcode jit_expressions jit_profiling_support jit_provider jit_tuple_deforming
  krb_caseins_users krb_server_keyfile lc_messages lc_time listen_addresses local_preload_libraries log_directory
  log_executor_stats log_file_mode log_filename log_parser_stats log_planner_stats log_replication_commands
  log_rotation_age log_rotation_size log_timezone log_transaction_sample_rate log_truncate_on_rotation logging_collector
  maintenance_io_concurrency max_files_per_process max_pred_locks_per_transaction max_slot_wal_keep_size max_stack_depth
  parallel_leader_participation plan_cache_mode port post_auth_delay pre_auth_delay primary_conninfo primary_slot_name
  recovery_end_command recovery_min_apply_delay recovery_target recovery_target_action recovery_target_inclusive
  recovery_target_lsn recovery_target_name recovery_target_time recovery_target_timeline recovery_target_xid
  reserved_connections restart_after_crash restore_command shared_memory_type ssl ssl_ca_file ssl_cert_file ssl_ciphers
  ssl_crl_dir ssl_crl_file ssl_dh_params_file ssl_ecdh_curve ssl_key_file ssl_passphrase_command
  ssl_passphrase_command_supports_reload ssl_prefer_server_ciphers superuser_reserved_connections synchronous_commit
  synchronous_standby_names syslog_facility syslog_ident syslog_sequence_numbers syslog_split_messages
  timezone_abbreviations trace_notify trace_sort transaction_deferrable transaction_isolation transaction_read_only
  unix_socket_directories unix_socket_group unix_socket_permissions update_process_title wal_consistency_checking
  wal_init_zero wal_keep_size wal_log_hints wal_receiver_create_temp_slot wal_recycle wal_retrieve_retry_interval
  wal_skip_threshold wal_sync_method zero_damaged_pages`.split(/\s+/),
);

export function isReadOnly(setting: Setting): boolean {
  return setting.context === 'internal' || readOnly.has(setting.name);
}

/** Parameters whose value is a list of words. */
export const sets = new Set(['shared_preload_libraries', 'session_preload_libraries', 'azure.extensions']);

/** Azure's limits where PostgreSQL allows more. */
export const limits: Record<string, string> = {
  max_connections: '25-5000',
  max_wal_senders: '5-100',
  max_replication_slots: '2-262143',
  max_wal_size: '32-65536',
  min_wal_size: '32-2097151',
  work_mem: '4096-2097151',
  wal_level: 'replica,logical',
  password_encryption: 'md5,scram-sha-256',
  ssl_min_protocol_version: 'TLSv1.2,TLSv1.3',
  TimeZone: '[A-Za-z0-9/+_-]+',
  application_name: '[A-Za-z0-9._-]*',
  default_text_search_config: '[A-Za-z._]+',
};

/** On a replica these must be the same as on its primary or higher (postgresql.org, hot-standby). */
export const replicaAtLeastPrimary = [
  'max_connections',
  'max_prepared_transactions',
  'max_locks_per_transaction',
  'max_wal_senders',
  'max_worker_processes',
];
