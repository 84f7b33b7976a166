"""How files are read."""

from __future__ import annotations

from tests.slipway.pipeline.drone.rows import A, Row

READING = [
    Row(
        construct="a key that it does not know, anchors under one",
        drone="ignored",
        here="a warning with the nearest key",
        text=f"shared: {{image: i}}\n{A % 'x'}",
        warns="unknown-key",
    ),
    Row(
        construct="keys of plugins and of 0.8 in a step (`group`, `secrets`, `auto_tag`)",
        drone="ignored",
        here="a warning that says what to write today",
        text="steps: [{name: a, image: i, secrets: [x], commands: [x]}]",
        warns="unknown-key",
        check=lambda one: not one.step().secrets,
    ),
    Row(
        construct="the same key twice",
        drone="the last one counts",
        here="the same, with a warning",
        text="steps:\n- name: a\n  image: i\n  image: j\n",
        warns="duplicate-key",
        check=lambda one: one.step().image == "j",
    ),
    Row(
        construct="`<<: *base` in a step",
        drone="`environment`, `settings`, `when` and the like are put together key by key; lists "
        "and values are replaced",
        text="x-b: &b {environment: {A: '1', B: '1'}, commands: [x]}\n"
        "steps:\n- {<<: *b, name: a, image: i, environment: {B: '2'}}",
        check=lambda one: (
            (one.step().container.environment["A"], one.step().container.environment["B"])
            == ("1", "2")
        ),
    ),
    Row(
        construct="a line that begins with `...`",
        drone="ends the file",
        here="the same, with a warning if anything follows",
        text=f"{A % 'x'}\n...\nsteps: []\n",
        warns="after-the-end",
    ),
    Row(
        construct="a word of `event` or `status` that is none",
        drone="matches nothing",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, when: {status: [success, changed]}}]",
        warns="unknown-word",
        check=lambda one: one.step().policy == "on-success",
    ),
    Row(
        construct="a word of `pull` or `failure` that is none",
        drone="the default counts",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, failure: never, pull: daily}]",
        warns="unknown-word",
        check=lambda one: (one.step().failure, one.step().pull) == ("fail", "refresh"),
    ),
    Row(
        construct="`when: {paths: ...}`",
        drone="the docker runner looks at no paths",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, when: {paths: [src/**]}}]",
        warns="unknown-key",
        check=lambda one: not one.step().unmet,
    ),
    Row(
        construct="what is no pattern in a condition: a list in a list, a mapping",
        drone="ignored",
        here="the same, with a warning",
        text="steps: [{name: a, image: i, when: {branch: [[x], {y: z}]}}]",
        warns="condition",
        check=lambda one: not one.step().unmet,
    ),
    Row(
        construct="`include: dev`, a text in place of a list",
        drone="is lost, so everything matches",
        here="a list of one, with a warning",
        text="steps: [{name: a, image: i, when: {branch: {include: dev}}}]",
        warns="condition",
        check=lambda one: one.step().unmet,
    ),
    Row(
        construct="a tag of nobody's: `!foo x`",
        drone="ignored",
        here="the same, with a warning",
        text="steps: [{name: a, image: !foo i}]",
        warns="tag",
        check=lambda one: one.step().image == "i",
    ),
    Row(
        construct="tabs between words; an anchor's name that is used twice",
        drone="taken; the last one before an alias counts",
        text="x-a: &a {image: i}\t# one\nx-b: &a {image: j}\nsteps:\t\n- <<: *a\n  name:\ta\n",
        check=lambda one: one.step().image == "j",
    ),
    Row(
        construct="a line that begins with `---`, such as a ruler",
        drone="begins another document",
        text=f"{A % 'x'}\n--------\nkind: pipeline\nname: b\nsteps: [{{name: b, image: i}}]\n",
        check=lambda one: one.step("b"),
    ),
    Row(
        construct="a document for another runner (`exec`, `ssh`, ...)",
        drone="waits for such a runner",
        here="left out, with a warning, as is what waits for it; refused if there is nothing else",
        text=f"name: one\n{A % 'x'}\n---\nkind: pipeline\ntype: exec\nname: two\n---\n"
        "kind: pipeline\nname: three\ndepends_on: [two]\nsteps: [{name: b, image: i}]\n",
        warns="unsupported-type waits-for-another-runner",
        check=lambda one: (
            (one.unmet("one"), one.unmet("three")) == ("", "waits for two, which is not run here")
        ),
    ),
    Row(
        construct="a document without a kind, or of an unknown one",
        drone="ignored",
        here="a warning; refused if there is nothing else",
        text=f"{A % 'x'}\n---\nname: x\n",
        warns="missing-key",
    ),
    Row(
        construct="documents of kind `secret`, `signature`, `cron`, `template`",
        drone="belong to its server",
        here="not read, and the log says so",
        text=f"{A % 'x'}\n---\nkind: signature\nhmac: 0\n",
        check=lambda one: one.spec and one.spec.notices[0].startswith("document 2"),
    ),
    Row(
        construct="a step without a name",
        drone="has an empty one",
        here="called by its number, with a warning",
        text="steps: [{image: i}]",
        warns="missing-name",
        check=lambda one: one.step("step-1"),
    ),
    Row(
        construct="a pipeline without steps",
        drone="clones, and passes",
        here="not run, with a warning: nothing was tested",
        text="name: x\nsteps: []",
        warns="no-steps",
        check=lambda one: one.unmet("x") == "it has no steps",
    ),
    Row(
        construct="Drone 0.8 (`pipeline:`), with matrix and secrets",
        drone="converted",
        here="the same; steps of one `group` run side by side",
        text="pipeline: {a: {image: i, commands: [x], secrets: [token]}}",
        check=lambda one: one.step().secrets == {"TOKEN": "token"},
    ),
    Row(
        construct="0.8: `when: {matrix: ...}`",
        drone="lost when it is converted, so the step runs in every variant",
        here="the step is left out of the other variants; `local` and `platform` earn a warning",
        text="pipeline: {a: {image: i}, b: {image: i, when: {matrix: {V: '2'}}}}\n"
        "matrix: {V: ['1']}",
        check=lambda one: one.spec and len(one.spec.pipelines[0].steps) == 1,
    ),
    Row(
        construct="0.8: `command: redis-server --port 7000`",
        drone="one word, which is no program",
        here="three words, as 0.8 had it, with a warning",
        text="pipeline: {a: {image: i, command: redis-server --port 7000}}",
        warns="words",
        check=lambda one: one.step().container.argv == ("redis-server", "--port", "7000"),
    ),
    Row(
        construct="2015 (`build`, `compose`, `publish`, `deploy`, `notify`), 2014 (`image`, "
        "`script`)",
        drone="no longer read",
        here="converted; `$$NAME` is a secret of that name, in a command or as a whole value; "
        "`cache` is named as not kept",
        text="build: {image: i, commands: [x]}\nnotify: {slack: {webhook_url: $$HOOK}}",
        check=lambda one: one.step("slack").secrets == {"PLUGIN_WEBHOOK_URL": "HOOK"},
    ),
    Row(
        construct="`type: kubernetes`",
        drone="another runner's",
        here="run as a docker pipeline if no volume needs a cluster; keys without a meaning are "
        "named",
        text="type: kubernetes\nnode_selector: {a: b}\nsteps: [{name: a, image: i}]",
        warns="unknown-key",
        check=lambda one: one.step(),
    ),
    Row(
        construct="jsonnet, starlark",
        drone="evaluated by its server",
        here="refused: generate the YAML and commit it",
        text="// x",
        refused="scripted",
        more={"file": ".drone.jsonnet"},
    ),
]
