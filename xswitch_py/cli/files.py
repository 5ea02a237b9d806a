"""`xswitch nginx` and `xswitch systemd`: print a ready file for this set-up."""

import sys
from pathlib import Path
from string import Template
from typing import Final

from xswitch_py.cli import out
from xswitch_py.config import HostPort

__all__ = ["nginx", "systemd"]


def nginx(path: out.ConfigPath = None, settings: out.Settings = None) -> None:
    """Print a site for nginx that puts everything behind port 443."""
    with out.clear_errors():
        read = out.load(path, settings)
        ping = f"{read.verto.ping_interval * (read.verto.ping_misses + 2):g}"
        server = _reachable(read.listen.http)
        out.line(_NGINX.substitute(domain=read.domain, server=server, silence=ping).strip())


def systemd(path: out.ConfigPath = None, settings: out.Settings = None) -> None:
    """Print a unit for systemd."""
    with out.clear_errors():
        read = out.load(path, settings)
        options = f" --config {path.absolute()}" if path else ""
        options += "".join(f' --set "{setting}"' for setting in settings or ())
        start = f"{Path(sys.executable).absolute()} -m xswitch_py serve{options}"
        out.line(_SYSTEMD.substitute(start=start, patience=f"{read.shutdown.drain + 20:g}").strip())


def _reachable(listening: HostPort) -> HostPort:
    """Say where this computer itself reaches a listener."""
    return HostPort({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listening.host, listening.host), listening.port)


_NGINX: Final = Template("""
# nginx before xswitch: everything behind port 443. Put it into /etc/nginx/conf.d/xswitch.conf and change the names.
# xswitch itself stays on $server; media goes past nginx, straight to its own UDP port.

upstream xswitch {
    server $server;
}

map $$http_upgrade $$xswitch_connection {
    default upgrade;
    ""      close;
}

server {
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name $domain;

    ssl_certificate     /etc/ssl/xswitch/fullchain.pem;
    ssl_certificate_key /etc/ssl/xswitch/key.pem;

    client_max_body_size 1m;

    proxy_http_version 1.1;
    proxy_set_header Host              $$host;
    proxy_set_header X-Forwarded-For   $$remote_addr;
    proxy_set_header X-Forwarded-Proto $$scheme;
    proxy_set_header Upgrade           $$http_upgrade;
    proxy_set_header Connection        $$xswitch_connection;

    # Verto. xswitch pings its sockets and drops the dead ones; nginx must only be more patient.
    location = /ws {
        proxy_pass http://xswitch;
        proxy_read_timeout ${silence}s;
        proxy_send_timeout ${silence}s;
        proxy_buffering off;
    }

    # SIP over WebSocket; /sips is the same, for old page configurations.
    location = /sip {
        proxy_pass http://xswitch;
        proxy_read_timeout 1h;
        proxy_send_timeout 1h;
        proxy_buffering off;
    }

    location = /sips {
        proxy_pass http://xswitch/sip;
        proxy_read_timeout 1h;
        proxy_send_timeout 1h;
        proxy_buffering off;
    }

    # REST; events are streamed.
    location /api/ {
        proxy_pass http://xswitch;
        proxy_read_timeout 1h;
        proxy_buffering off;
    }

    # Sounds that are sent to the switch, and methods that are answered when they are done.
    location = /api/v1/media {
        proxy_pass http://xswitch;
        proxy_read_timeout 1h;
        proxy_request_buffering off;
        client_max_body_size 52m;
    }

    location = /rpc {
        proxy_pass http://xswitch;
        proxy_read_timeout 1h;
    }

    # Pages, and Verto of clients that know no path.
    location / {
        proxy_pass http://xswitch;
        proxy_read_timeout ${silence}s;
        proxy_send_timeout ${silence}s;
    }
}
""")

_SYSTEMD: Final = Template("""
# systemd unit for xswitch. Put it into /etc/systemd/system/xswitch.service, then: systemctl enable --now xswitch
# DynamicUser hides home folders: install xswitch where others can read it, such as /opt/xswitch.

[Unit]
Description=xswitch, a softswitch
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=$start
ExecReload=kill -HUP $$MAINPID
TimeoutStopSec=$patience
Restart=on-failure
DynamicUser=yes
StateDirectory=xswitch
Environment=XSWITCH_STORE__PATH=/var/lib/xswitch/xswitch.db
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
""")
