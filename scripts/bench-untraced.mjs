/**
 * For `npm run bench:audit` alone: loaded before a server, it makes the log of traces write nothing, so that what
 * traces cost can be told. Nothing else loads it, and the server itself has no such switch.
 */
import { AuditLog } from '../dist/store/traces/audit-log.js';

AuditLog.prototype.record = () => Promise.resolve();
