// The key of whoever looks, where the service asks for one: kept for as long as the tab is open.
const name = 'waymark-key';

const key = () => sessionStorage.getItem(name);

export const withKey = (headers = {}) => (key() ? { ...headers, authorization: `Bearer ${key()}` } : headers);

/** Of an event stream: a browser can set no header there. */
export const addressWithKey = (address) => (key() ? `${address}?access_token=${encodeURIComponent(key())}` : address);

/** Shows the form when the service wants a key; `then` is called with each that is given. */
export function askKey(form, then) {
  form.hidden = false;
  const field = form.querySelector('input');
  field.focus();
  const given = (event) => {
    event.preventDefault();
    sessionStorage.setItem(name, field.value.trim());
    field.value = '';
    form.hidden = true;
    then();
  };
  form.addEventListener('submit', given, { once: true });
}
