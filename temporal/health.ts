// Whether a Temporal server is there and serves a namespace.
import { Connection } from '@temporalio/client';

/** True when the server at `address` (host:port, no TLS) knows the namespace and answers within 2 s. */
export async function answers(address: string, namespace: string): Promise<boolean> {
  const connection = Connection.lazy({ address });
  try {
    await connection.withDeadline(Date.now() + 2000, () => connection.workflowService.describeNamespace({ namespace }));
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
