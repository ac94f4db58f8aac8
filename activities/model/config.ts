// What the model's side of a worker is configured with.

export interface ModelLimits {
  /** From the request to the first event of the answer, in ms. */
  firstEventMs: number;
  /** From the first event to the first piece of text or tool call: models that reason are silent here. In ms. */
  thinkMs: number;
  /** Between two pieces of text, in ms. */
  idleMs: number;
}

export const defaultLimits: ModelLimits = { firstEventMs: 60_000, thinkMs: 300_000, idleMs: 60_000 };

export interface ModelConfig {
  /** With its version, as `https://api.openai.com/v1`. */
  baseURL: string;
  apiKey: string;
  /** `chat` for servers without the Responses API. */
  protocol: 'responses' | 'chat';
  /** For requests that name none. */
  model: string;
  /**
   * Asks for background responses (Responses API only): an answer outlives the worker that asked for it, and the next
   * attempt takes it up instead of buying it again. The provider then stores the answer, and is a little slower.
   * https://platform.openai.com/docs/guides/background
   */
  background?: boolean;
  limits?: Partial<ModelLimits>;
}
