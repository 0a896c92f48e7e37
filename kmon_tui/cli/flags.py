"""The flags of every command, as a table: kubectl's own names wherever kubectl has one.

A row is (names, key, metavar, help). The key is that of the config file where
one exists. No metavar: a switch. A metavar that ends with ``…``: may be repeated.
"""

Row = tuple[tuple[str, ...], str, str, str]

KUBERNETES: tuple[Row, ...] = (
    (("-n", "--namespace"), "namespace", "NAMESPACE", "look at this namespace (else that of the context)"),
    (("-A", "--all-namespaces"), "all_namespaces", "", "look at all namespaces"),
    (("--context",), "context", "NAME", "context of the kubeconfig"),
    (("--kubeconfig",), "kubeconfig", "FILE", "kubeconfig to use in place of KUBECONFIG and ~/.kube/config"),
    (("--cluster",), "cluster", "NAME", "cluster of the kubeconfig"),
    (("--user",), "user", "NAME", "user of the kubeconfig"),
    (("-s", "--server"), "server", "URL", "address of the API server"),
    (("--as",), "as_user", "USER", "user to impersonate"),
    (("--as-group",), "as_groups", "GROUP…", "group to impersonate; may be repeated"),
    (("--as-uid",), "as_uid", "UID", "UID to impersonate"),
    (("--token",), "token", "TOKEN", "bearer token for the API server (other users of the machine can see it)"),
    (("--certificate-authority",), "certificate_authority", "FILE", "CA of the API server"),
    (("--client-certificate",), "client_certificate", "FILE", "client certificate"),
    (("--client-key",), "client_key", "FILE", "its key"),
    (("--insecure-skip-tls-verify",), "insecure_skip_tls_verify", "", "do not check the API server's certificate"),
    (("--request-timeout",), "request_timeout", "TIME", "longest wait for one answer, as 30s or 1m; 0: kmon-tui's own"),
)

PROMETHEUS: tuple[Row, ...] = (
    (("--prometheus",), "prometheus.url", "URL", "address of Prometheus; PROMETHEUS_URL says the same"),
    (("--prometheus-matcher",), "prometheus.matchers", "MATCHER…", 'added to every query, as cluster="x"'),
    (("--prometheus-header",), "prometheus.headers", "HEADER…", "sent with every query, as 'X-Scope-OrgID: team'"),
    (("--prometheus-headers-file",), "prometheus.headers_file", "FILE", "the same from a file, one a line"),
    (("--prometheus-token-file",), "prometheus.bearer_token_file", "FILE", "bearer token"),
    (("--prometheus-username",), "prometheus.username", "NAME", "user name for basic authentication"),
    (("--prometheus-password-file",), "prometheus.password_file", "FILE", "its password"),
    (("--prometheus-ca-file",), "prometheus.certificate_authority", "FILE", "CA of Prometheus"),
    (("--prometheus-insecure",), "prometheus.insecure_skip_tls_verify", "", "do not check its certificate"),
)

PROGRAM: tuple[Row, ...] = (
    (("--demo",), "demo", "", "use a built-in cluster that lives as long as this call"),
    (("--log-level",), "log_level", "LEVEL", "debug, info, warning or error"),
    (("--log-file",), "log_file", "FILE", "log file in place of kmon.log in the state directory"),
)

SCREEN: tuple[Row, ...] = (
    (("--read-only", "--readonly"), "read_only", "", "offer no key that changes the cluster"),
    (("--write",), "write", "", "take back a read_only of your config file"),
    (("--theme",), "theme", "NAME", "colours, as nord or ansi-dark (the terminal's own 16)"),
    (("--ascii",), "ascii", "", "draw with ASCII alone"),
    (("--no-mouse",), "no_mouse", "", "leave the mouse to the terminal"),
    (("--no-bell",), "no_bell", "", "do not ring the terminal's bell when a service fails"),
    (("--filter",), "filter", "TEXT", "filter to start with, as 'ns:models state:failed'"),
)

OUTPUT: tuple[Row, ...] = ((("-o", "--output"), "output", "FORMAT", "table, wide, json, yaml, name or csv"),)
GET: tuple[Row, ...] = (
    *OUTPUT,
    (("-w", "--watch"), "watch", "", "go on and print what changes"),
    (("--no-headers",), "no_headers", "", "leave the first line of a table away"),
)
METRICS: tuple[Row, ...] = (
    (("-o", "--output"), "output", "FORMAT", "json (else: table or yaml)"),
    (("--window",), "window", "TIME", "how far back, as 1h (else 15m)"),
    (("--family",), "family", "NAME", "which metrics, where several count it, as kserve-sdk (else the best)"),
)
DOCTOR: tuple[Row, ...] = ((("-o", "--output"), "output", "FORMAT", "table (usual), json or yaml"),)
PREDICT: tuple[Row, ...] = (
    (("-d", "--data"), "data", "JSON", "body to send (else a sample is)"),
    (("-f", "--filename"), "filename", "FILE", "file with the body; - is standard input"),
    (("--protocol",), "protocol", "NAME", "v1, v2 or openai (else what the service speaks)"),
    (("--model",), "model", "NAME", "what the server calls the model, if not as the service"),
    (("--via",), "via", "WAY", "forward (usual), url, or ingress; the last two wake a service scaled to zero"),
    (("--ingress",), "predict.ingress", "URL", "gateway for --via ingress (else Istio's or Kourier's in the cluster)"),
    (("-k", "--insecure"), "predict.insecure_skip_tls_verify", "", "do not check certificates of URL and gateway"),
    (("-H", "--header"), "headers", "HEADER…", "sent along, as 'X-Api-Key: abc'; @FILE reads lines of them"),
    (("--bearer-token-file",), "bearer_token_file", "FILE", "token for the model; never shown nor saved"),
    (("--timeout",), "timeout", "TIME", "longest silence to bear (else 1m, 2m where the service may have to wake)"),
    (("--repeat",), "repeat", "N", "send it N times and print quantiles, rate and failures"),
    (("-c", "--concurrency"), "concurrency", "C", "so many at once (with --repeat; up to 256)"),
    (("-o", "--output"), "output", "FORMAT", "body (usual), json or yaml"),
)
DIFF: tuple[Row, ...] = (
    (("-f", "--filename"), "file", "PATH…", "manifest or folder with manifests, - for standard input; may be repeated"),
    (("--defaults",), "defaults", "", "show what the server and its webhooks add, too"),
    (("--skip-unknown",), "skip_unknown", "", "leave out what is of a kind that the cluster does not know"),
    (("-o", "--output"), "output", "FORMAT", "text (usual), json or yaml"),
)
DEPLOY: tuple[Row, ...] = (
    *DIFF,
    (("--wait",), "wait", "TIME", "how long to wait until services are ready, as 5m (else 300s); 0: not at all"),
    (("-y", "--yes"), "yes", "", "do not ask"),
    (("--dry-run",), "dry_run", "", "let the server check everything, and write nothing"),
    (("--force-conflicts",), "force_conflicts", "", "take over fields that other managers own"),
    (("--read-only", "--readonly"), "read_only", "", "refuse to write"),
    (("--write",), "write", "", "take back a read_only of your config file"),
)
WHY: tuple[Row, ...] = ((("-o", "--output"), "output", "FORMAT", "table (usual), json or yaml"),)
EVENTS: tuple[Row, ...] = (*WHY, (("-w", "--watch"), "watch", "", "go on and print what happens"))
LOGS: tuple[Row, ...] = (
    (("-f", "--follow"), "follow", "", "go on as lines come; pods that come later join by themselves"),
    (("-p", "--previous"), "previous", "", "of the containers before their last restart"),
    (("-c", "--container"), "containers", "CONTAINER…", "of this container alone; may be repeated (else all of them)"),
    (("--since",), "since", "TIME", "not older than this, as 5m"),
    (("--tail",), "tail", "N", "the last N lines of each container (else all)"),
    (("--timestamps",), "timestamps", "", "write when each line was written"),
)
FORWARD: tuple[Row, ...] = ((("--shared",), "shared", "", "let other users of this machine connect, too"),)
SANDBOX: tuple[Row, ...] = (
    (
        ("--world",),
        "world",
        "NAME",
        "demo (usual), quiet (no services), empty (an API server alone), or faults/NAME, which is played",
    ),
    (("--services",), "services", "N", "how many synthetic services there are besides the world's"),
    (("--events-per-s",), "events_per_s", "RATE", "how many of them change each second"),
    (("--fault",), "fault", "FAULT…", "WHERE:ACTION, as watch:cut@2 or list/pods:429=3*2; may be repeated"),
    (("--speed",), "speed", "FACTOR", "how much faster than real life the world moves"),
    (("--knative",), "knative", "VERSION", "whose metric names are served (else 1.19 and newer); none: no Knative"),
    (("--scrape-interval",), "scrape_interval", "TIME", "of its Prometheus (else 5s)"),
    (("--round-trip",), "round_trip", "TIME", "added before each answer of the API server, as 80ms"),
    (("--until-eof",), "until_eof", "", "end when standard input ends"),
)

COMMANDS: dict[str, tuple[str, str, tuple[Row, ...]]] = {
    "tui": ("[NAME]", "open the screen, and NAME in it (also without the word tui)", SCREEN),
    "get": ("[NAME]", "print the services", GET),
    "metrics": ("NAME", "print the traffic of one service", METRICS),
    "doctor": (
        "[NAME]",
        "say what keeps numbers away and what mends it; 0: nothing, 1: something",
        DOCTOR,
    ),
    "why": ("[NAME]", "say why a service is not ready, or all that are not; 0: healthy, 1: not", WHY),
    "logs": ("NAME", "print what all containers of a service wrote", LOGS),
    "events": ("NAME", "print events and changes of a service and of all below it, newest last", EVENTS),
    "check": ("[NAME...]", "one status line for Nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN", ()),
    "predict": ("NAME", "send a request to a model; 1 is the exit code of all but 2xx", PREDICT),
    "diff": ("", "print what an apply of manifests would change; 0: nothing, 1: something", DIFF),
    "deploy": ("", "apply manifests (asks before) and wait until their services are ready", DEPLOY),
    "forward": (
        "TARGET [LOCAL]",
        "keep a local port open to isvc/NAME, llm/NAME, svc/NAME:PORT or pod/NAME:PORT",
        FORWARD,
    ),
    "info": ("", "print versions, paths and what is configured", OUTPUT),
    "sandbox": ("", "run the built-in cluster alone, for kubectl and curl", SANDBOX),
    "completion": ("SHELL", "print the completion for bash, zsh, fish or kubectl", ()),
    "version": ("", "print the version", ()),
}
"""What each command takes beside the flags of all: positional, help, own flags."""

EVERYWHERE: tuple[tuple[str, tuple[Row, ...]], ...] = (
    ("Kubernetes, as kubectl has them", KUBERNETES),
    ("Prometheus", PROMETHEUS),
    ("kmon-tui", PROGRAM),
)


def split_command(words: list[str]) -> tuple[str | None, list[str]]:
    """Take the command out of the words, wherever it stands among the flags; None: it is the screen."""
    takes_value = {
        name
        for rows in (*(rows for _, rows in EVERYWHERE), *(own for _, _, own in COMMANDS.values()))
        for names, _, metavar, _ in rows
        if metavar
        for name in names
    }
    place = 0
    while place < len(words):
        word = words[place]
        if word == "--":
            break
        if not word.startswith("-"):
            if word in COMMANDS:
                return word, words[:place] + words[place + 1 :]
            break
        place += 2 if word in takes_value else 1
    return None, words
