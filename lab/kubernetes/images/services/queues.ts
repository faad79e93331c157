/** The lists in Redis that jobs wait in. */
export const queues = ['email-queue', 'notification-queue'];
