// What the fake model answers in the benchmark, known by a word in the question.

/** Waits are in ms; the first token comes after `firstTokenMs + tokenMs`. */
export const answers = {
  firstToken: { match: 'first-token', firstTokenMs: 200, tokens: 20, tokenMs: 1 },
  atOnce: { match: 'at-once', firstTokenMs: 0, tokens: 20, tokenMs: 0 },
  streaming: { match: 'streaming', firstTokenMs: 0, tokens: 200, tokenMs: 50 },
};

/** The request of workflow `simple` for this answer. */
export const asRun = ({ match }: { match: string }) => ({ input: { messages: [{ role: 'user', content: match }] } });

/** The same as a message to an agent, in a session or in one of its own. */
export const asChat = ({ match }: { match: string }, agent_id: string, session_id?: string) => ({
  agent_id,
  message: match,
  ...(session_id !== undefined && { session_id }),
});

/** The same question, as the Responses API takes it. */
export const asResponse = ({ match }: { match: string }) => ({ model: 'bench', input: match, stream: true });
