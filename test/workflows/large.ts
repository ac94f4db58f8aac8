// Hands a large value from one step to the next and returns it.
import { step } from '../../workflows/runtime/step.ts';

interface Steps {
  produce(bytes: number): Promise<string>;
  consume(value: string): Promise<number>;
}

export async function large(bytes: number) {
  const value = await step<Steps>('produce').produce(bytes);
  const taken = await step<Steps>('consume').consume(value);
  return { taken, value };
}
