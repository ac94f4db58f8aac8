"""The control, outside of any sandbox: the probes that only look, with every decoy in reach. What they see, as JSON."""

import json
import sys

sys.path.append(sys.argv[2])
import looking  # noqa: E402


def main():
    decoy = json.loads(sys.argv[1])
    secret = {"text": sys.argv[3]}
    names = [name for name, probe in looking.PROBES.items() if not hasattr(probe, "nothing_outside")]
    print(json.dumps({"seen": dict(zip(names, looking.look(names, decoy))), "all": list(looking.PROBES)}))
    return secret


remembered = sys.argv[3]
main()
