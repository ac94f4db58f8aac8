// Writes functions one after the other, to be killed while it does: node functions-writer.ts <folder> <round>
import { createFunctionStore } from '../activities/functions/store.ts';

const [folder = '', round = '0'] = process.argv.slice(2);
const store = createFunctionStore(folder);

for (let n = 0; n < 4; n++) {
  await store.write({
    task_id: `00000000-0000-4000-8000-${`${Number(round) * 100 + n}`.padStart(12, '0')}`,
    task_name: 'To be killed',
    task_type: 'input',
    desired_action: 'x'.repeat(5_000_000),
    user_inputs: {},
    packages_used: [],
    created_at: new Date().toISOString(),
    example: null,
    code: '#'.repeat(5_000_000),
  });
}
