"""The buffer beside the agent, as a pure function: Nginx writes pushes to disk, `buffer_script.py` sends them.

Alloy keeps what it couldn't send in memory alone, and CPU profiles for fifteen seconds. Here a push is answered once
its body is on disk, and goes to the centre however much later. It arrives at least once: twice, if the centre's answer
is lost, or the container killed while it sends.
"""

from typing import TypedDict

from ..security.centre import PROFILES_PATH
from . import names
from .buffer_script import buffer_script

CONFIG_FOLDER, FOLDER = "/etc/buffer", "/buffer"
SCRIPT = "buffer.sh"


class BufferArgs(TypedDict):
    """What the buffer depends on."""

    url: str
    """The centre, scheme and host."""
    buffer_mib: int
    """MiB on disk from which on nothing more is taken."""


def buffer_files(args: BufferArgs) -> dict[str, str]:
    """The files of the ConfigMap."""
    script = buffer_script(args["url"], args["buffer_mib"] * 1024, CONFIG_FOLDER, FOLDER)
    return {"nginx.conf": _NGINX.replace("@buffer@", FOLDER), SCRIPT: script}


# Only the path that the entrance has a way for: taking more would hide from Alloy that it leads nowhere.
#
# Alloy's client speaks Connect, not compressed (1.18, pyroscope/write/write.go: no option says so). To it success is
# 200 with the request's own content type, and no bytes are an empty message (connect-go 1.20, protocol_connect.go,
# connectValidateUnaryResponseContentType); after 503 it tries again (write.go, shouldRetry).
_NGINX = rf"""# Takes profiles from the agent in the same pod, and keeps them in files.
# One, see below.
worker_processes 1;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;

events {{
  worker_connections 512;
}}

http {{
  client_body_temp_path @buffer@/bodies;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server_tokens off;
  access_log off;

  # Not empty, any of them, so that a shell can tell fields apart. JSON's escapes are those of curl's configuration.
  log_format push escape=json '$http_x_body_file\t$request_uri\tt$content_type\te$http_content_encoding'
                              '\tv$http_connect_protocol_version';
  # A journal for ten seconds. With a variable in its name it is opened for each line, so nobody goes on writing to one
  # that has been taken away, as Nginx does for a while after it was told to open its logs again.
  map $msec $journal {{
    ~^(?<ten>\d+)\d\. $ten;
  }}

  server {{
    listen 127.0.0.1:{names.BUFFER_PORT};
    client_max_body_size 16m;
    location = {PROFILES_PATH} {{
      limit_except POST {{
        deny all;
      }}
      if (-f @buffer@/full) {{
        return 503;
      }}
      client_body_in_file_only on;
      # Comes here with the whole body in a file. An answer from here itself would come before the body.
      proxy_pass http://unix:/tmp/taken.sock;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Body-File $request_body_file;
    }}
    location / {{
      return 404;
    }}
  }}

  # Written here and not above, where the agent would be told before the line is. Here the line is there before the
  # answer goes on to the agent, by the one worker that there is.
  server {{
    listen unix:/tmp/taken.sock;
    # A journal is only written if this is there.
    root @buffer@;
    access_log @buffer@/journal/$journal push if=$http_x_body_file;
    default_type application/proto;
    return 200;
  }}
}}
"""
