"""HAProxy's configuration, as text."""

from __future__ import annotations

import dataclasses

from include.localcloud.balancer.config import Listener, Pool, render

POOL = Pool(
    name="group_1",
    path="/healthz",
    check_port=None,
    interval=1,
    timeout=2,
    rise=2,
    fall=3,
    codes="200-299",
)


def test_listens_on_loopback_alone() -> None:
    text = render([Listener(port=8081, pools=(("group_1", 1),))], [POOL])
    binds = [line.strip() for line in text.splitlines() if line.strip().startswith("bind ")]
    assert binds == ["bind unix@/cloud/idle.sock mode 600", "bind 127.0.0.1:8081"]


def test_checks_as_the_target_group_says() -> None:
    text = render([], [POOL])
    assert "option httpchk GET /healthz" in text
    assert "http-check expect status 200-299" in text
    assert "default-server check inter 1000ms rise 2 fall 3" in text


def test_checks_another_port_than_the_traffic_s() -> None:
    text = render([], [dataclasses.replace(POOL, check_port=9000)])
    assert "default-server check port 9000 inter" in text


def test_a_connection_may_be_enough() -> None:
    text = render([], [dataclasses.replace(POOL, path="")])
    assert "httpchk" not in text
    assert "http-check" not in text
    assert "default-server check inter 1000ms rise 2 fall 3" in text


def test_shares_are_drawn_from_what_is_left() -> None:
    pools = (("a", 50), ("b", 30), ("c", 20), ("off", 0))
    text = render([Listener(port=8081, pools=pools)], [])
    assert "use_backend a if { rand(100) lt 50 }" in text
    assert "use_backend b if { rand(50) lt 30 }" in text
    assert "default_backend c" in text
    assert "off" not in text


def test_a_share_without_a_healthy_target_goes_to_all_of_its_targets() -> None:
    both = [dataclasses.replace(POOL, name=name, fails_open=True) for name in ("a", "b")]
    text = render([Listener(port=8081, pools=(("a", 50), ("b", 50)))], both)
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("use_backend a.all if { nbsrv(a) eq 0 } { rand(100) lt 50 }")
    assert lines[start + 1 : start + 4] == [
        "use_backend a if !{ nbsrv(a) eq 0 } { rand(100) lt 50 }",
        "use_backend b.all if { nbsrv(b) eq 0 }",
        "default_backend b",
    ]


def test_a_listener_without_pools_refuses() -> None:
    text = render([Listener(port=8081, pools=())], [])
    assert "http-request return status 503" in text


def test_the_order_of_things_changes_nothing() -> None:
    other = dataclasses.replace(POOL, name="group_2")
    assert render([], [POOL, other]) == render([], [other, POOL])


def test_its_sockets_are_for_the_cloud_alone() -> None:
    sockets = [line for line in render([], []).splitlines() if "/cloud/" in line and "sock" in line]
    assert len(sockets) == 2
    assert all("mode 600" in line for line in sockets)
