// A question about a web page: fetch it, find the sentences that matter, answer from them.
import { z } from 'zod';
import { conversation, fill, ofTalk, overrides, system, user } from './prompt.ts';
import { step } from './runtime/step.ts';

const input = z
  .object({
    messages: conversation,
    url: z.string().describe('The page, http or https.'),
    overrides: overrides.optional(),
  })
  .describe('Answers a question about a web page.');

const research =
  'The user is asking the following question: {message}\n\n' +
  'What are the most relevant sentences in the following document?\n\n{docs}';

const answer =
  'You are a helpful assistant. Answer the question of the user: {message}\n\n' +
  'Use the following research as context:\n\n{research}';

export async function rag({ messages, url, overrides = {} }: z.infer<typeof input>) {
  const message = messages.at(-1)!.content;

  const page = await step('load_docs').fetchPage({ url });

  const reason = overrides['reason_docs'] ?? {};
  const sentences = await step('reason_docs').callModel({
    model: reason.model,
    messages: [system(fill(reason.prompt ?? research, { message, docs: page.text })), user(message)],
  });

  const respond = overrides['generate_response'] ?? {};
  const prompt = fill(respond.prompt ?? answer, { message, docs: page.text, research: sentences.text });
  const response = await step('generate_response').callModel({
    model: respond.model,
    messages: [system(prompt), ...messages],
  });

  return {
    answer: response.text,
    research: sentences.text,
    page: { url: page.url, title: page.title, chars: page.chars },
  };
}
rag.input = input;
rag.modifications = ofTalk({ answers: 'generate_response', models: ['reason_docs', 'generate_response'] });
