# Tells, as one line of JSON, what an interpreter is and where its parts are. Runs outside of any sandbox, isolated (-I).
import json
import os
import platform
import shutil
import sys
import sysconfig

executable = os.path.realpath(sys.executable)
facts = os.stat(executable)
print(
    json.dumps(
        {
            "implementation": sys.implementation.name,
            "platform": sys.platform,
            "machine": platform.machine(),
            "version": list(sys.version_info[:3]),
            "executable": executable,
            "stamp": f"{facts.st_size}-{facts.st_mtime_ns}",
            "stdlib": os.path.realpath(sysconfig.get_path("stdlib")),
            "bwrap": shutil.which("bwrap"),
        }
    )
)
