// The Python that the demo model writes when it is asked for a function: always the same two, whatever they shall do.

const words = `import re
from collections import Counter

import pandas as pd

COMMON = set("a an and are as at be but by for from has have in is it its not of on or that the this to was were with".split())


def words_of(text):
    return [word for word in re.findall(r"[^\\W\\d_]{3,}", str(text).lower()) if word not in COMMON]
`;

/** The most frequent words of each row's texts; of a data set without any, what pandas says of it. */
const ofFrame = `${words}

def main_function(input1):
    texts = input1.select_dtypes(include="object")
    if texts.columns.empty:
        return input1.describe(include="all").reset_index(names="figure")
    whole = texts.fillna("").astype(str).agg(" ".join, axis=1)
    topics = [", ".join(word for word, _ in Counter(words_of(text)).most_common(3)) for text in whole]
    return input1.assign(topics=topics)
`;

const ofText = `${words}

def main_function(text):
    counted = Counter(words_of(text)).most_common()
    return pd.DataFrame(counted, columns=["word", "times"])
`;

const framed = {
  task_name: 'Demo: topics of each text',
  user_inputs: {},
  packages_used: ['pandas'],
  python_function: ofFrame,
  example: {
    inputs: {},
    input1: { columns: ['text'], values: [['Otters eat fish. Otters swim.', 'The market sells fish; fish is fresh.']] },
  },
};

const unframed = {
  task_name: 'Demo: words of a text',
  user_inputs: { text: { type: 'string', description: 'The text whose words are counted.' } },
  packages_used: ['pandas'],
  python_function: ofText,
  example: { inputs: { text: 'Otters eat fish. Otters swim.' } },
};

/** Undefined: no function is asked for. */
export function demoFunction(instructions: string): string | undefined {
  if (!instructions.includes('python_function')) return undefined;
  return JSON.stringify(/\binput1, a pandas DataFrame\b/.test(instructions) ? framed : unframed, null, 2);
}
