// The page with the button that calls the service, and shows what it says.
const button = document.querySelector('#test');
const message = document.querySelector('#message');

async function ask() {
  const response = await fetch('/api/get_data', { headers: { accept: 'application/json' } });
  const body = await response.json();
  if (!response.ok) throw new Error(typeof body.detail === 'string' ? body.detail : response.statusText);
  return body.message;
}

async function press() {
  button.disabled = true;
  try {
    message.textContent = await ask();
  } catch (error) {
    message.textContent = `The service did not answer: ${error.message}`;
  } finally {
    button.disabled = false;
  }
}

button.addEventListener('click', () => void press());
