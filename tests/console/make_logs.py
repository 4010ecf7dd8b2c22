# ruff: noqa: E501, E702, B023
"""Make a realistic folder of model-serving logs, with known truth. numpy + pandas + pyarrow only.

    python make_logs.py OUT --rows 200000 --days 7 --format parquet --scenario bad-canary --seed 7
    python make_logs.py OUT --rows 50000 --days 2 --format jsonl --scenario latency-spike --live 200 --live-seconds 120

Layout of OUT (a folder as a user would have it):
    predictions/predictions-<stamp>.<ext>   one row a request (see COLUMNS), rotated hourly or daily
    labels/labels-<stamp>.<ext>             request_id, label_ts, clicked; written when the label ARRIVES
    reference/reference.<ext>               a healthy training-time sample, clicked joined in
    system/system-<stamp>.<ext>             with --system: ts, host, cpu_pct, mem_mb, load1 every 10 or 60 s
With --flat there is one table only: OUT/predictions-<stamp>.<ext> with clicked and label_ts inline.
The truth (what was injected, when, in which columns, and realised statistics) goes BESIDE the folder,
to OUT.truth.json, never inside it.

Same arguments and seed, same bytes (parquet metadata aside). Times are UTC.
"""
from __future__ import annotations

import argparse
import datetime as dt
import gzip
import itertools
import json
import math
import os
import shutil
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

SCENARIOS = ["healthy", "latency-spike", "null-burst", "data-drift-gradual", "data-drift-sudden", "seasonal",
             "concept-drift", "shock", "bad-canary", "schema-change", "skew", "recurring"]
COLUMNS = ["ts", "request_id", "user_id", "model_version", "host", "status_code", "latency_ms", "prediction",
           "age", "price", "days_since_last", "session_depth", "user_ctr_7d", "device", "country", "category",
           "seq_len", "cpu_pct", "mem_mb", "load1"]
# --names alt: the same data as another team would name it (seconds, epoch milliseconds, other words)
ALT = {"ts": "event_time_ms", "request_id": "trace_id", "user_id": "visitor", "model_version": "variant",
       "host": "pod", "status_code": "http_status", "latency_ms": "duration_s", "prediction": "score",
       "clicked": "outcome", "label_ts": "outcome_time_ms", "cpu_pct": "cpu_utilization",
       "mem_mb": "memory_used_mb", "load1": "load_avg_1m", "seq_len": "n_tokens"}
DEVICES = np.array(["phone", "desktop", "tablet"])
COUNTRIES = np.array(["US", "IN", "DE", "GB", "FR", "BR", "JP", "ZZ"])
CATEGORIES = np.array(["apparel", "electronics", "home", "grocery", "travel", "toys"])
P_DEVICE = np.array([.58, .34, .08])
P_COUNTRY = np.array([.42, .14, .12, .11, .09, .08, .04, 0.0])
P_CATEGORY = np.array([.26, .22, .18, .16, .10, .08])
HOSTS = np.array(["serve-0", "serve-1", "serve-2"])
VERSIONS = np.array(["ctr-v1", "ctr-v2"])
ATTRIBUTION_S = 1800.0     # a request without a click gets its 0 label this long after
US = 1_000_000
TURNS = 4                  # of the scenario "recurring": every other one in another regime; no multiple of a week


# ---------------------------------------------------------------- small vectorised helpers
def splitmix64(x):
    """uint64 -> well mixed uint64, a bijection, so ids are unique"""
    with np.errstate(over="ignore"):
        z = (x.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


_HEX = np.frombuffer("".join(f"{i:02x}" for i in range(256)).encode(), np.uint8).reshape(256, 2)


def hex_ids(u64):
    """uint64 array -> pyarrow string array of 16 hex digits, without a Python loop"""
    n = len(u64)
    data = _HEX[u64.astype(">u8").view(np.uint8)].reshape(-1)
    offsets = np.arange(0, 16 * (n + 1), 16, dtype=np.int32)
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data)))


def pick(rng, n, p, extra=None):
    """category codes for probabilities p; extra: per-row probability table (n, k) instead"""
    if extra is not None:
        c = np.cumsum(extra, axis=1)
        return (rng.random(n)[:, None] * c[:, -1:] > c).sum(axis=1)
    return np.searchsorted(np.cumsum(p) / np.sum(p), rng.random(n), side="right").clip(0, len(p) - 1)


def strings(values, codes):
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values.tolist()))


def null_where(values, mask, typ=None):
    return pa.array(values, mask=mask, type=typ)


# ---------------------------------------------------------------- scenario: when and what
class Scenario:
    """Fractions of the whole span; `w(f)` is the strength 0..1 of the injection at fraction f of the span."""

    def __init__(self, name, at, dur):
        self.name = name
        default = {"latency-spike": (.60, .06), "null-burst": (.60, .06), "data-drift-gradual": (.30, .70),
                   "data-drift-sudden": (.60, .40), "concept-drift": (.55, .45), "shock": (.50, .50),
                   "bad-canary": (.40, .45), "schema-change": (.40, .60), "skew": (0.0, 1.0),
                   "recurring": (.20, .80), "seasonal": (0.0, 1.0), "healthy": (0.0, 0.0)}[name]
        self.at = default[0] if at is None else at
        self.end = min(1.0, self.at + (default[1] if dur is None else dur))

    def inside(self, f):
        return (f >= self.at) & (f < self.end) if self.name not in ("healthy", "seasonal") else np.zeros(len(f), bool)

    def w(self, f):
        m = self.inside(f)
        if self.name == "data-drift-gradual":
            return np.where(m, (f - self.at) / max(1e-9, self.end - self.at), 0.0)
        if self.name == "latency-spike":      # quick rise, plateau, quick fall
            x = (f - self.at) / max(1e-9, self.end - self.at)
            return np.where(m, np.clip(np.minimum(x, 1 - x) * 8, 0, 1), 0.0)
        if self.name == "shock":              # falls to a new normal at 45 % of the first shock
            x = (f - self.at) / max(1e-9, self.end - self.at)
            return np.where(m, .45 + .55 * np.exp(-3 * x), 0.0)
        if self.name == "recurring":          # another regime comes back: on, off, on, off
            return np.where(m & (self.turn(f) % 2 == 0), 1.0, 0.0)
        return m.astype(float)

    def turn(self, f):
        """which of the TURNS equal stretches of the injection f lies in"""
        return np.floor((f - self.at) / max(1e-9, self.end - self.at) * TURNS + 1e-9)

    def canary_share(self, f):
        """share of traffic on ctr-v2"""
        if self.name != "bad-canary":
            return np.full(len(f), .10)
        x = (f - self.at) / max(1e-9, self.end - self.at)
        return np.select([x < 0, x < .25, x < .5, x < .75, x < 1], [0, .05, .15, .30, .50], 0.0)

    def injections(self, t0, span_s):
        def iso(f):
            return (t0 + dt.timedelta(seconds=f * span_s)).isoformat().replace("+00:00", "Z")
        a, b = iso(self.at), iso(self.end)
        base = {"start": a, "end": b}
        n = self.name
        if n == "healthy":
            return []
        if n == "seasonal":
            return [{"kind": "seasonal", "start": iso(0), "end": iso(1), "period_days": 7,
                     "columns": ["traffic", "device", "seq_len"], "is_incident": False,
                     "note": "weekend traffic halves, phones and long queries rise; a fair test compares like weekdays"}]
        if n == "latency-spike":
            return [dict(base, kind="latency", columns=["latency_ms", "status_code", "cpu_pct", "load1"],
                         factor=4.0, timeout_rate=.03, is_incident=True)]
        if n == "null-burst":
            return [dict(base, kind="null-response", columns=["prediction"], rate=.18, is_incident=True),
                    dict(base, kind="missing-values", columns=["age", "user_ctr_7d"], rate=.35, is_incident=True)]
        if n == "data-drift-gradual":
            return [dict(base, kind="gradual", columns=["price", "seq_len", "device"], is_incident=True,
                         final={"price": "log mean +0.6", "seq_len": "x1.8", "device": "phone +0.25"})]
        if n == "data-drift-sudden":
            return [dict(base, kind="sudden", columns=["age", "country", "session_depth"], is_incident=True,
                         change={"age": "+9 years", "country": "new value ZZ at 20 %", "session_depth": "+2"})]
        if n == "recurring":
            step = (self.end - self.at) / TURNS
            return [dict(base, kind="recurring", columns=["price", "category", "session_depth"], is_incident=True,
                         regimes=[{"start": iso(self.at + k * step), "end": iso(self.at + (k + 1) * step),
                                   "regime": "campaign" if k % 2 == 0 else "usual"} for k in range(TURNS)],
                         change={"price": "log mean -0.5", "category": "travel +0.2", "session_depth": "+1"})]
        if n == "concept-drift":
            return [dict(base, kind="concept", columns=["clicked"], is_incident=True,
                         note="P(click | features) changes, features and predictions do not; seen only with labels")]
        if n == "shock":
            return [dict(base, kind="shock", columns=["traffic", "category", "seq_len", "days_since_last", "clicked"],
                         is_incident=True, note="traffic -45 %, travel falls, grocery rises, then a new normal")]
        if n == "bad-canary":
            q = (self.end - self.at) / 4
            ramp = [{"at": iso(self.at + k * q), "ctr-v2": s} for k, s in enumerate([.05, .15, .30, .50])]
            ramp.append({"at": b, "ctr-v2": 0.0, "what": "rollback"})
            return [dict(base, kind="bad-version", version="ctr-v2", is_incident=True, ramp=ramp,
                         columns=["latency_ms", "status_code", "prediction", "clicked", "mem_mb"],
                         change={"latency": "x1.9", "errors": "+4 %", "null responses": "+3 %", "CTR": "x0.6"})]
        if n == "schema-change":
            s = self.end - self.at
            return [{"kind": "schema", "start": iso(self.at), "end": iso(1), "is_incident": False,
                     "change": "column loyalty_tier added", "columns": ["loyalty_tier"]},
                    {"kind": "schema", "start": iso(self.at + s / 3), "end": iso(1), "is_incident": True,
                     "change": "price renamed price_cents, in cents, whole numbers", "columns": ["price", "price_cents"]},
                    {"kind": "schema", "start": iso(self.at + 2 * s / 3), "end": iso(1), "is_incident": True,
                     "change": "age becomes text, country becomes lower case", "columns": ["age", "country"]}]
        return [dict(base, kind="training-serving-skew", is_incident=True,
                     columns=["days_since_last", "seq_len", "category"],
                     change={"days_since_last": "hours in serving, days in reference",
                             "seq_len": "cut at 12 in serving", "category": "upper case in serving"})]


# ---------------------------------------------------------------- the world
class World:
    def __init__(self, a, t0, span_s):
        self.a, self.t0, self.span_s = a, t0, span_s
        self.sc = Scenario(a.scenario, a.at, a.dur)
        self.n_users = max(200, a.rows // 40)
        root = np.random.SeedSequence(a.seed)
        self.s_arrive, self.s_system, self.s_ref, self.s_chunks = root.spawn(4)
        self.step = 10.0 if span_s <= 31 * 86400 else 60.0
        self._system()

    def intensity(self, f):
        """relative request rate at fraction f of the span"""
        t = self.t0.timestamp() + f * self.span_s
        hour = (t % 86400) / 3600
        day = ((t // 86400) + 3) % 7          # 0 = Monday
        weekend = day >= 5
        daily = 1 + .62 * np.cos((hour - 20) / 24 * 2 * np.pi) + .18 * np.cos((hour - 13) / 12 * 2 * np.pi)
        r = daily * np.where(weekend, .50 if self.a.scenario == "seasonal" else .88, 1.0)
        if self.a.scenario == "shock":
            r = r * (1 - .45 * self.sc.w(f))
        return np.maximum(r, .05)

    def arrivals(self, n):
        """n sorted arrival offsets in seconds; a Poisson stream with the daily shape"""
        rng = np.random.default_rng(self.s_arrive)
        m = max(60, int(min(self.span_s / 60, 500_000)))
        grid = (np.arange(m) + .5) / m
        lam = self.intensity(grid) * rng.gamma(60, 1 / 60, m)
        counts = rng.multinomial(n, lam / lam.sum())
        x = np.repeat(np.arange(m), counts) + rng.random(n)
        x.sort()
        return x / m * self.span_s

    def _system(self):
        """per-host CPU and memory series on a fixed grid"""
        rng = np.random.default_rng(self.s_system)
        k = int(self.span_s / self.step) + 2
        f = np.arange(k) * self.step / self.span_s
        util = self.intensity(np.clip(f, 0, 1)) / 1.9
        w = self.sc.w(np.clip(f, 0, 1))
        self.cpu, self.mem, self.load = [], [], []
        for h in range(len(HOSTS)):
            noise = pd.Series(rng.normal(0, 1, k)).ewm(alpha=.15).mean().to_numpy() * 6
            cpu = 14 + 46 * util * (1 + .06 * (h - 1)) + noise
            period = int(86400 * 1.5 / self.step) + 1       # slow growth, restart every day and a half
            saw = ((np.arange(k) + h * period // 3) % period) / period
            mem = 2300 + 420 * saw + 5 * noise
            if self.a.scenario == "latency-spike":
                cpu = cpu + w * 45
            if self.a.scenario == "bad-canary":
                share = self.sc.canary_share(np.clip(f, 0, 1))
                leak = np.cumsum(share) * self.step / 3600      # leaks with the canary's share
                leak = np.where(share > 0, leak, 0)
                mem = mem + 1400 * leak / max(1e-9, leak.max() or 1)
                cpu = cpu + 18 * share
            self.cpu.append(np.clip(cpu, 1, 100).astype(np.float32))
            self.mem.append(np.maximum(mem, 300).astype(np.float32))
            self.load.append(np.maximum(.05, cpu / 100 * 8 + rng.normal(0, .15, k)).astype(np.float32))
        self.cpu, self.mem, self.load = map(np.array, (self.cpu, self.mem, self.load))

    # one block of rows: arrays, still unformatted
    def block(self, rng, off, first, reference=False):
        n = len(off)
        f = off / self.span_s
        sc, name = self.sc, ("healthy" if reference else self.a.scenario)
        w = np.zeros(n) if reference else sc.w(f)
        on = w > 0
        t = self.t0.timestamp() + off
        day = ((t // 86400) + 3) % 7
        wk = (day >= 5) & (name == "seasonal")
        user = (self.n_users * rng.random(n) ** 2.2).astype(np.int64)
        share = np.full(n, .10) if reference else sc.canary_share(f)
        bucket = (splitmix64(user.astype(np.uint64) + np.uint64(self.a.seed)) % np.uint64(10000)).astype(float) / 1e4
        ver = (bucket < share).astype(np.int8)              # sticky by user
        bad = on & (ver == 1) if name == "bad-canary" else np.zeros(n, bool)

        # features
        age = rng.normal(38, 11, n)
        price_log = rng.normal(3.2, .7, n)
        since = rng.exponential(6.0, n)
        depth = 1 + rng.poisson(4.0, n)
        uctr = rng.beta(2, 48, n)
        seq_log = rng.normal(2.2, .55, n)
        pd_, pc_, pk_ = P_DEVICE, P_COUNTRY, P_CATEGORY
        dev_tab = cou_tab = cat_tab = None
        if name == "data-drift-gradual":
            price_log += .6 * w
            seq_log += math.log(1.8) * w
            dev_tab = pd_ + w[:, None] * np.array([.25, -.22, -.03])
        elif name == "data-drift-sudden":
            age += 9 * w
            depth = depth + (2 * w).astype(int)
            cou_tab = pc_ * (1 - .2 * w[:, None]) + w[:, None] * np.array([0, 0, 0, 0, 0, 0, 0, .2])
        elif name == "shock":
            seq_log += .35 * w
            since *= 1 + .8 * w
            cat_tab = np.clip(pk_ + w[:, None] * np.array([-.06, .02, .05, .20, -.095, -.02]), .002, None)
        elif name == "recurring":
            price_log -= .5 * w
            depth = depth + w.astype(int)
            cat_tab = np.clip(pk_ + w[:, None] * np.array([-.06, -.05, -.03, -.04, .20, -.02]), .002, None)
        elif name == "seasonal":
            seq_log += .22 * wk
            dev_tab = pd_ + wk[:, None] * np.array([.16, -.15, -.01])
        dev = pick(rng, n, pd_, dev_tab)
        cou = pick(rng, n, pc_, cou_tab)
        cat = pick(rng, n, pk_, cat_tab)
        age = np.clip(age, 16, 90)
        price = np.exp(price_log)
        seq = np.clip(np.exp(seq_log), 1, 256).astype(np.int32)
        miss_age = rng.random(n) < .03
        miss_uctr = rng.random(n) < .01
        if name == "null-burst":
            miss_age |= on & (rng.random(n) < .35)
            miss_uctr |= on & (rng.random(n) < .35)

        # the world's click probability, and the model's estimate of it
        since_d = since
        if name == "skew":                                 # what the serving path computes differently
            since, seq = since * 24, np.minimum(seq, 12)
        def logit(slope_price, cat_eff):
            return (-3.25 + slope_price * (price_log - 3.2) + .12 * (depth - 5) / 2 + 9 * (uctr - .04)
                    + .008 * (age - 38) + np.array([.25, -.2, 0])[dev] + cat_eff[cat] - .01 * (since_d - 6))
        eff = np.array([.15, 0, -.1, .1, -.25, .2])
        z_model = logit(-.30, eff)
        z_true = z_model + np.array([0, .06])[ver] + rng.normal(0, .15, n)
        if name == "concept-drift":
            z_true = np.where(on, logit(.45, -eff) - .25, z_true)
        elif name == "shock":
            z_true = z_true - .35 * w
        z_true = z_true + np.where(bad, math.log(.57), 0)
        def sig(z):
            return 1 / (1 + np.exp(-z))
        pred = np.round(sig(z_model + np.array([0, .05])[ver] + np.where(bad, rng.normal(-.2, .8, n), 0)), 6)
        click = rng.random(n) < sig(z_true)
        delay = np.where(click, np.minimum(rng.lognormal(math.log(45), 1.1, n), ATTRIBUTION_S), ATTRIBUTION_S)
        labelled = rng.random(n) > .02                     # 2 % of labels never arrive

        # serving: host, latency, status, null response
        host = rng.integers(0, len(HOSTS), n)
        g = np.minimum((off / self.step).astype(np.int64), self.cpu.shape[1] - 1)
        cpu, mem, load = self.cpu[host, g], self.mem[host, g], self.load[host, g]
        lat = (13 + .22 * seq) * (1 + .9 * (cpu / 100) ** 3) * rng.lognormal(0, .32, n)
        tail = rng.random(n) < .006
        lat = np.where(tail, lat * rng.uniform(3, 9, n), lat) * np.array([1.0, 1.08])[ver]
        u = rng.random(n)
        status = np.where(u < .0006, 500, np.where(u < .0009, 503, np.where(u < .0010, 504, 200))).astype(np.int16)
        nullr = rng.random(n) < .003
        if name == "latency-spike":
            lat = lat * (1 + 3 * w)
            status = np.where((w > .5) & (rng.random(n) < .03), 504, status)
        if name == "null-burst":
            nullr |= on & (rng.random(n) < .18)
        lat = np.where(bad, lat * 1.9, lat)
        status = np.where(bad & (rng.random(n) < .04), 500, status)
        nullr |= bad & (rng.random(n) < .03)
        lat = np.where(status == 504, np.maximum(lat, 1000 + 50 * rng.random(n)), lat)
        nullr |= status != 200
        click &= ~nullr                                    # nothing shown, nothing clicked
        rid = splitmix64(np.uint64(self.a.seed) * np.uint64(1_000_003) + np.uint64(first) * np.uint64(1)
                         + np.arange(n, dtype=np.uint64)) if n else np.zeros(0, np.uint64)
        return {"f": f, "us": np.round(t * US).astype(np.int64), "rid": rid, "user": user, "ver": ver, "host": host, "status": status,
                    "lat": np.round(lat, 3), "pred": pred, "nullr": nullr, "age": np.round(age, 1), "miss_age": miss_age,
                    "price": np.round(price, 2), "since": np.round(since, 3), "depth": depth.astype(np.int32),
                    "uctr": np.round(uctr, 5), "miss_uctr": miss_uctr, "dev": dev, "cou": cou, "cat": cat, "seq": seq,
                    "cpu": np.round(cpu, 1), "mem": np.round(mem, 1), "load": np.round(load, 2),
                    "click": click, "label_us": np.round((t + delay) * US).astype(np.int64), "labelled": labelled, "on": on}

    def texts(self):
        if not hasattr(self, "_texts"):
            words = ["red", "blue", "black", "warm", "light", "cheap", "new", "best", "kids", "mens", "womens", "running", "shoes", "jacket", "lamp", "sofa", "cable", "phone", "case", "laptop", "stand", "garden", "hose", "toy", "train", "coffee", "cup", "bread", "milk", "rice", "train", "ticket", "hotel"]
            rng = np.random.default_rng(12345)
            every = [" ".join(rng.choice(words, L)) for L in range(1, 257) for _ in range(8)]
            self._texts = np.unique(every, return_inverse=True)      # distinct texts, and which one is number k
        return self._texts

    def table(self, b, rng, stage=0, serving=True):
        """the arrow table of a block; stage: how many schema changes are in force"""
        a, skew = self.a, self.a.scenario == "skew" and serving
        n = len(b["us"])
        since, seq = b["since"], b["seq"]
        cats = np.char.upper(CATEGORIES) if skew else CATEGORIES
        d = {"ts": pa.array(b["us"]).cast(pa.timestamp("us", tz="UTC")),
             "request_id": hex_ids(b["rid"]),
             "user_id": pa.array(np.char.add("u", np.char.zfill(b["user"].astype(str), 7))) if n < 3000 else
             strings_lazy(b["user"]),
             "model_version": strings(VERSIONS, b["ver"]),
             "host": strings(HOSTS, b["host"]),
             "status_code": pa.array(b["status"].astype(np.int32)),
             "latency_ms": pa.array(b["lat"]),
             "prediction": null_where(b["pred"], b["nullr"]),
             "age": null_where(b["age"], b["miss_age"])}
        if stage >= 2:
            d["price_cents"] = pa.array(np.round(b["price"] * 100).astype(np.int64))
        else:
            d["price"] = pa.array(b["price"])
        if stage >= 3:
            d["age"] = d["age"].cast(pa.string())
        d.update({"days_since_last": pa.array(since), "session_depth": pa.array(b["depth"]),
                  "user_ctr_7d": null_where(b["uctr"], b["miss_uctr"]),
                  "device": strings(DEVICES, b["dev"]),
                  "country": strings(np.char.lower(COUNTRIES) if stage >= 3 else COUNTRIES, b["cou"]),
                  "category": strings(cats, b["cat"]), "seq_len": pa.array(seq)})
        if stage >= 1:
            d["loyalty_tier"] = strings(np.array(["none", "silver", "gold"]), pick(rng, n, np.array([.7, .2, .1])))
        if a.with_text:
            texts, which = self.texts()
            d["query"] = strings(texts, which[(seq - 1) * 8 + rng.integers(0, 8, n)])
        d.update({"cpu_pct": pa.array(b["cpu"].astype(float).round(1)), "mem_mb": pa.array(b["mem"].astype(float).round(1)),
                  "load1": pa.array(b["load"].astype(float).round(2))})
        if a.flat or not serving:
            d["clicked"] = null_where(b["click"].astype(np.int8), ~b["labelled"])
            d["label_ts"] = null_where(b["label_us"], ~b["labelled"]).cast(pa.timestamp("us", tz="UTC"))
        return rename(pa.table(d), a.names)

    def labels(self, lab):
        return rename(pa.table({"request_id": hex_ids(lab["rid"]),
                                "label_ts": pa.array(lab["us"]).cast(pa.timestamp("us", tz="UTC")),
                                "clicked": pa.array(lab["click"].astype(np.int8))}), self.a.names)

    def stage(self, f):
        if self.a.scenario != "schema-change":
            return 0
        s = self.sc.end - self.sc.at
        return int(f >= self.sc.at) + int(f >= self.sc.at + s / 3) + int(f >= self.sc.at + 2 * s / 3)


def strings_lazy(user):
    """user ids: 'u' and seven digits, built as bytes"""
    n = len(user)
    digits = (user[:, None] // 10 ** np.arange(6, -1, -1)) % 10
    buf = np.empty((n, 8), np.uint8)
    buf[:, 0] = ord("u")
    buf[:, 1:] = digits + 48
    return pa.StringArray.from_buffers(n, pa.py_buffer(np.arange(0, 8 * (n + 1), 8, dtype=np.int32)), pa.py_buffer(buf))


def rename(t, names):
    if names != "alt":
        return t
    for c in ("ts", "label_ts"):
        if c in t.column_names:
            i = t.column_names.index(c)
            t = t.set_column(i, c, pa.compute.divide(t[c].cast(pa.int64()), 1000))
    if "latency_ms" in t.column_names:
        i = t.column_names.index("latency_ms")
        t = t.set_column(i, "latency_ms", pa.compute.round(pa.compute.divide(t["latency_ms"], 1000.0), 6))
    return t.rename_columns([ALT.get(c, c) for c in t.column_names])


# ---------------------------------------------------------------- writers
def plain(t):
    """dictionary columns as strings, times as ISO text: for csv and jsonl"""
    cols = []
    for c, f in zip(t.columns, t.schema, strict=False):
        if pa.types.is_dictionary(f.type):
            c = c.cast(pa.string())
        elif pa.types.is_timestamp(f.type):
            c = pa.compute.strftime(c, format="%Y-%m-%dT%H:%M:%SZ")      # pyarrow: %S carries the fraction
        cols.append(c)
    return pa.table(dict(zip(t.column_names, cols, strict=False)))


def to_bytes(t, fmt, header=True):
    if fmt == "csv":
        sink = pa.BufferOutputStream()
        pacsv.write_csv(plain(t), sink, pacsv.WriteOptions(include_header=header, quoting_style="needed"))
        return sink.getvalue().to_pybytes()
    df = plain(t).to_pandas(types_mapper={pa.int8(): pd.Int8Dtype(), pa.int32(): pd.Int32Dtype(),
                                          pa.int64(): pd.Int64Dtype()}.get)
    return df.to_json(orient="records", lines=True, double_precision=6).encode() if len(df) else b""


def write(t, path, fmt, compress, dirty=0, rng=None):
    if fmt == "parquet":
        pq.write_table(t, path, compression="zstd" if compress == "zst" else "snappy", use_dictionary=True)
        return path
    data = to_bytes(t, fmt)
    if dirty:
        lines = data.split(b"\n")
        for _ in range(dirty):
            i = int(rng.integers(1, max(2, len(lines) - 1)))
            lines.insert(i, rng.choice([b'{"ts": "2026-', b"\x00\x00\x00", b",,,,", b"# comment from a tool", lines[i][: len(lines[i]) // 2]]))
        data = b"\n".join(lines)
    if compress == "gz":
        path += ".gz"
        with open(path, "wb") as fh, gzip.GzipFile(fileobj=fh, mode="wb", mtime=0, compresslevel=5) as g:
            g.write(data)
    elif compress == "zst":
        path += ".zst"
        with pa.CompressedOutputStream(path, "zstd") as s:
            s.write(data)
    else:
        with open(path, "wb") as fh:
            fh.write(data)
    return path


class Stats:
    """realised statistics inside and outside the injected window, without keeping the rows"""
    EDGES = np.logspace(-1, 5, 601)

    def __init__(self):
        self.s = {}

    def add(self, b):
        for ver in (0, 1):
            for where, m in (("outside", ~b["on"]), ("inside", b["on"])):
                k = m & (b["ver"] == ver)
                n = int(k.sum())
                if not n:
                    continue
                d = self.s.setdefault(f"{VERSIONS[ver]}/{where}", {"rows": 0, "null_responses": 0, "errors": 0, "clicks": 0, "labelled": 0,
                                      "missing_age": 0, "sums": dict.fromkeys(("age", "price", "seq", "depth", "since", "pred", "lat"), 0.0),
                                      "hist": np.zeros(600, np.int64)})
                d["rows"] += n
                d["null_responses"] += int(b["nullr"][k].sum())
                d["errors"] += int((b["status"][k] != 200).sum())
                d["clicks"] += int((b["click"] & b["labelled"])[k].sum())
                d["labelled"] += int(b["labelled"][k].sum())
                d["missing_age"] += int(b["miss_age"][k].sum())
                for c in d["sums"]:
                    d["sums"][c] += float(b[c][k].sum())
                d["hist"] += np.histogram(b["lat"][k], self.EDGES)[0]

    def out(self):
        r = {}
        for key, d in sorted(self.s.items()):
            n, c = d["rows"], np.cumsum(d["hist"])
            def q(p):
                return round(float(self.EDGES[np.searchsorted(c, p * c[-1])]), 2)
            r[key] = {"rows": n, "null_responses": d["null_responses"], "null_response_rate": round(d["null_responses"] / n, 6),
                          "errors": d["errors"], "error_rate": round(d["errors"] / n, 6), "labelled": d["labelled"], "clicks": d["clicks"],
                          "ctr": round(d["clicks"] / max(1, d["labelled"]), 6), "missing_age_rate": round(d["missing_age"] / n, 6),
                          "latency_ms_p50": q(.5), "latency_ms_p95": q(.95), "latency_ms_p99": q(.99),
                          "means": {c: round(v / n, 5) for c, v in d["sums"].items()}}
        return r


# ---------------------------------------------------------------- history
def history(a, w, truth):
    out = a.out
    pdir = out if a.flat else os.path.join(out, "predictions")
    os.makedirs(pdir, exist_ok=True)
    ldir = os.path.join(out, "labels")
    if not a.flat:
        os.makedirs(ldir, exist_ok=True)
    off = w.arrivals(a.rows)
    per_hour = a.rows / max(1e-9, w.span_s / 3600)
    unit = {"hourly": 3600, "daily": 86400}.get(a.rotate, 3600 if per_hour >= 2000 else 86400)
    if a.rotate.startswith("rows:"):
        cuts = np.arange(0, a.rows, int(a.rotate[5:]))[1:]
    else:
        start = w.t0.timestamp()
        edges = np.arange(math.floor(start / unit) * unit + unit, start + w.span_s, unit) - start
        cuts = np.searchsorted(off, edges)
    if a.scenario == "schema-change":                       # a file never mixes two schemas
        s = w.sc.end - w.sc.at
        cuts = np.concatenate([cuts, np.searchsorted(off, np.array([w.sc.at, w.sc.at + s / 3, w.sc.at + 2 * s / 3]) * w.span_s)])
    bounds = np.unique(np.concatenate([[0], cuts, [a.rows]]))
    pairs = [(int(x), int(y)) for x, y in itertools.pairwise(bounds) if y > x]
    seeds = w.s_chunks.spawn(len(pairs))
    stats, files, pend = Stats(), 0, None
    late_hold = None
    counts = {"late_rows": 0, "duplicate_rows": 0, "dirty_lines": 0, "label_rows": 0, "label_clicks": 0}
    for i, ((lo, hi), ss) in enumerate(zip(pairs, seeds, strict=False)):
        rng = np.random.default_rng(ss)
        b = w.block(rng, off[lo:hi], lo)
        stats.add(b)
        stage = w.stage(float(b["f"][0]) + 1e-12)
        t = w.table(b, rng, stage)
        stamp = dt.datetime.fromtimestamp(b["us"][0] / US, dt.UTC).strftime("%Y%m%dT%H%M%S" if a.rotate.startswith("rows") or stage or unit < 3600 else ("%Y%m%dT%H" if unit == 3600 else "%Y%m%d"))
        if late_hold is not None:                           # rows of the last file that arrive late
            if late_hold.schema == t.schema:
                t = pa.concat_tables([late_hold, t])
            late_hold = None
        if a.late and i + 1 < len(pairs) and w.stage(float(off[pairs[i + 1][0]] / w.span_s) + 1e-12) == stage:
            k = rng.random(t.num_rows) < a.late
            late_hold, t = t.filter(pa.array(k)), t.filter(pa.array(~k))
            counts["late_rows"] += int(k.sum())
        if a.dup:
            k = np.flatnonzero(rng.random(t.num_rows) < a.dup)
            t = pa.concat_tables([t, t.take(pa.array(k))])
            counts["duplicate_rows"] += len(k)
        write(t, os.path.join(pdir, f"predictions-{stamp}.{a.format}"), a.format, a.compress, a.dirty, rng)
        counts["dirty_lines"] += a.dirty if a.format != "parquet" else 0
        files += 1
        if not a.flat:                                      # labels land in the file of the time they ARRIVE
            m = b["labelled"]
            lab = {"rid": b["rid"][m], "us": b["label_us"][m], "click": b["click"][m]}
            if pend is not None:
                lab = {k: np.concatenate([pend[k], lab[k]]) for k in lab}
            last = i + 1 == len(pairs)
            end_us = round((w.t0.timestamp() + w.span_s) * US) if last else round((w.t0.timestamp() + off[hi]) * US)
            ready = lab["us"] < end_us
            pend = {k: v[~ready] for k, v in lab.items()}
            lab = {k: v[ready] for k, v in lab.items()}
            o = np.argsort(lab["us"], kind="stable")
            lab = {k: v[o] for k, v in lab.items()}
            if len(o):
                write(w.labels(lab), os.path.join(ldir, f"labels-{stamp}.{a.format}"), a.format, a.compress)
                counts["label_rows"] += len(o)
                counts["label_clicks"] += int(lab["click"].sum())
        if not a.quiet and (i % 24 == 23):
            print(f"  {hi:,} rows", file=sys.stderr)
    rng = np.random.default_rng(w.s_ref)
    if not a.flat:
        os.makedirs(os.path.join(out, "reference"), exist_ok=True)
        nref = min(50_000, max(1000, a.rows // 5))
        roff = np.sort(rng.random(nref)) * min(w.span_s, 7 * 86400)
        rb = w.block(rng, roff, 2**40, reference=True)
        rb["us"] = rb["us"] - int(28 * 86400 * US)
        rb["label_us"] = rb["label_us"] - int(28 * 86400 * US)
        write(w.table(rb, rng, 0, serving=False), os.path.join(out, "reference", f"reference.{a.format}"), a.format, "none")
        truth["reference_rows"] = nref
    if a.system:
        os.makedirs(os.path.join(out, "system"), exist_ok=True)
        k = w.cpu.shape[1] - 1
        us = np.round((w.t0.timestamp() + np.arange(k) * w.step) * US).astype(np.int64)
        for d0 in range(0, k, int(86400 / w.step)):
            sl = slice(d0, min(k, d0 + int(86400 / w.step)))
            m = sl.stop - sl.start
            t = pa.table({"ts": pa.array(np.repeat(us[sl], len(HOSTS))).cast(pa.timestamp("us", tz="UTC")),
                          "host": strings(HOSTS, np.tile(np.arange(len(HOSTS)), m)),
                          "cpu_pct": pa.array(w.cpu[:, sl].T.reshape(-1).astype(float).round(1)),
                          "mem_mb": pa.array(w.mem[:, sl].T.reshape(-1).astype(float).round(1)),
                          "load1": pa.array(w.load[:, sl].T.reshape(-1).astype(float).round(2))})
            stamp = dt.datetime.fromtimestamp(us[sl.start] / US, dt.UTC).strftime("%Y%m%d")
            write(rename(t, a.names), os.path.join(out, "system", f"system-{stamp}.{a.format}"), a.format, a.compress)
    truth.update(files=files, first_ts_us=round((w.t0.timestamp() + off[0]) * US),
                 last_ts_us=round((w.t0.timestamp() + off[-1]) * US), **counts, realised=stats.out())


# ---------------------------------------------------------------- live
def live(a, truth):
    """append rows in real time; the scenario's fractions are of --live-seconds"""
    t0 = dt.datetime.now(dt.UTC)
    al = argparse.Namespace(**vars(a))
    al.rows = int(a.live * a.live_seconds * 1.5) + 10
    w = World(al, t0, float(a.live_seconds))
    pdir = a.out if a.flat else os.path.join(a.out, "predictions")
    ldir = os.path.join(a.out, "labels")
    os.makedirs(pdir, exist_ok=True)
    os.makedirs(ldir, exist_ok=True) if not a.flat else None
    ext = a.format
    rng = np.random.default_rng(np.random.SeedSequence([a.seed, 99]))
    start = time.time()
    last = opened = flushed = 0.0
    done = rotated = 0
    stats, pend, held = Stats(), None, []
    truth["live"] = {"start": t0.isoformat().replace("+00:00", "Z"), "rate": a.live, "seconds": a.live_seconds,
                         "injections": w.sc.injections(t0, float(a.live_seconds)), "events": []}
    ev = truth["live"]["events"]

    def append(t, base, folder):
        path = os.path.join(folder, f"{base}.{ext}")
        if ext == "parquet":                                # parquet cannot grow: small parts, renamed into place
            stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
            tmp = os.path.join(folder, f".{base}-{stamp}.tmp")
            pq.write_table(t, tmp)
            os.replace(tmp, os.path.join(folder, f"{base}-{stamp}.parquet"))
            return
        new = not os.path.exists(path) or os.path.getsize(path) == 0
        data = to_bytes(t, ext, header=new)
        with open(path, "ab") as fh:
            if a.torn and len(data) > 40 and rng.random() < .3:    # a reader may see half a line
                cut = int(rng.integers(1, len(data) - 1))
                fh.write(data[:cut]); fh.flush(); time.sleep(.15); fh.write(data[cut:])
            else:
                fh.write(data)

    def rotate(base, folder):
        nonlocal rotated
        path = os.path.join(folder, f"{base}.{ext}")
        if ext == "parquet" or not os.path.exists(path):
            return
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S")
        to = os.path.join(folder, f"{base}-{stamp}.{ext}")
        while os.path.exists(to):
            to = to.replace(f".{ext}", f"x.{ext}")
        if a.rotation == "copytruncate":
            shutil.copyfile(path, to)
            with open(path, "r+b") as fh:
                fh.truncate(0)
        else:
            os.rename(path, to)
        if a.compress == "gz":
            with open(to, "rb") as fi, gzip.open(to + ".gz", "wb") as fo:
                shutil.copyfileobj(fi, fo)
            os.remove(to)
        rotated += 1
        ev.append({"t": round(time.time() - start, 1), "rotated": os.path.basename(to)})

    stage_now = 0

    def flush():
        """held blocks to disk; a csv whose columns change starts a new file, as a real logger would"""
        nonlocal held, stage_now
        while held:
            stage = held[0][1]
            if stage != stage_now and ext == "csv":
                rotate("predictions", pdir)
            stage_now = stage
            same = [b for b, s in held if s == stage]
            append(pa.concat_tables([w.table(b, rng, stage) for b in same], promote_options="default").combine_chunks()
                   if len(same) > 1 else w.table(same[0], rng, stage), "predictions", pdir)
            held = [(b, s) for b, s in held if s != stage]

    opened = start
    try:
        while True:
            now = time.time() - start
            if now >= a.live_seconds:
                break
            n = rng.poisson(a.live * float(w.intensity(np.array([now / a.live_seconds]))[0] / 1.2) * max(0, now - last)) if last else 0
            if a.scenario != "shock":
                n = rng.poisson(a.live * max(0, now - last)) if last else 0
            if n:
                off = np.sort(last + rng.random(n) * (now - last))
                b = w.block(rng, off, 2**41 + done)
                stats.add(b)
                held.append((b, w.stage(now / a.live_seconds)))
                done += n
                m = b["labelled"]
                # in live mode the attribution window is shortened so that labels can be watched arriving
                lab_us = b["us"][m] + np.minimum(b["label_us"][m] - b["us"][m], int(a.live_attribution * US))
                lab = {"rid": b["rid"][m], "us": lab_us, "click": b["click"][m]}
                pend = lab if pend is None else {k: np.concatenate([pend[k], lab[k]]) for k in lab}
            last = now
            if held and (ext != "parquet" or now - flushed >= 2.0):
                flush()
                flushed = now
                if pend is not None and not a.flat:
                    ready = pend["us"] <= time.time() * US
                    if ready.any():
                        lab = {k: v[ready] for k, v in pend.items()}
                        pend = {k: v[~ready] for k, v in pend.items()}
                        append(w.labels(lab), "labels", ldir)
            if time.time() - opened >= a.rotate_s:
                rotate("predictions", pdir)
                if not a.flat:
                    rotate("labels", ldir)
                opened = time.time()
            time.sleep(.2)
    except KeyboardInterrupt:
        pass
    flush()
    truth["live"].update(rows=done, rotations=rotated, ended_after_s=round(time.time() - start, 1), realised=stats.out())


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--rows", type=int, default=100_000, help="rows of history (0: none, live only)")
    p.add_argument("--days", type=float, default=7)
    p.add_argument("--format", choices=["parquet", "jsonl", "csv"], default="parquet")
    p.add_argument("--scenario", choices=SCENARIOS, default="healthy")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--start", default="2026-03-02T00:00:00Z", help="first instant, or 'ago': the span ends now")
    p.add_argument("--at", type=float, help="fraction of the span at which the injection starts")
    p.add_argument("--dur", type=float, help="its length as a fraction of the span")
    p.add_argument("--rotate", default="auto", help="auto | hourly | daily | rows:N")
    p.add_argument("--compress", choices=["none", "gz", "zst"], default="none")
    p.add_argument("--names", choices=["default", "alt"], default="default", help="alt: other column names and units")
    p.add_argument("--flat", action="store_true", help="one table, labels inline, no reference")
    p.add_argument("--system", action="store_true", help="also a separate system metrics stream")
    p.add_argument("--with-text", action="store_true", help="also the query text (seq_len words)")
    p.add_argument("--late", type=float, default=0.0, help="fraction of rows that land one file late, out of order")
    p.add_argument("--dup", type=float, default=0.0, help="fraction of rows written twice")
    p.add_argument("--dirty", type=int, default=0, help="broken lines per csv/jsonl predictions file")
    p.add_argument("--live", type=float, default=0, metavar="RATE", help="then append RATE rows a second in real time")
    p.add_argument("--live-seconds", type=float, default=300)
    p.add_argument("--live-attribution", type=float, default=20, help="seconds until a live request without click is labelled 0")
    p.add_argument("--rotate-s", type=float, default=60, help="live: rotate the active file this often")
    p.add_argument("--rotation", choices=["rename", "copytruncate"], default="rename")
    p.add_argument("--torn", action="store_true", help="live: sometimes leave half a line for 150 ms")
    p.add_argument("--truth", help="where the truth goes (default OUT.truth.json)")
    p.add_argument("--quiet", action="store_true")
    a = p.parse_args(argv)
    a.out = a.out.rstrip("/")
    if os.path.isdir(a.out) and os.listdir(a.out):
        sys.exit(f"{a.out} is not empty")
    os.makedirs(a.out, exist_ok=True)
    span = a.days * 86400
    t0 = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=span)) if a.start == "ago" else \
        dt.datetime.fromisoformat(a.start.replace("Z", "+00:00"))
    if t0.tzinfo is None:
        t0 = t0.replace(tzinfo=dt.UTC)
    truth = {"made_by": "make_logs.py", "seed": a.seed, "scenario": a.scenario, "format": a.format, "rows": a.rows,
             "days": a.days, "names": a.names, "layout": "flat" if a.flat else "split", "compress": a.compress,
             "start": t0.isoformat().replace("+00:00", "Z"), "columns": COLUMNS if a.names == "default" else [ALT.get(c, c) for c in COLUMNS],
             "versions": VERSIONS.tolist(), "attribution_window_s": ATTRIBUTION_S}
    tpath = a.truth or a.out + ".truth.json"
    took = time.time()
    if a.rows:
        w = World(a, t0, span)
        truth["injections"] = w.sc.injections(t0, span)
        history(a, w, truth)
    took = time.time() - took

    def save():
        with open(tpath, "w") as fh:
            json.dump(truth, fh, indent=1)
    save()
    if not a.quiet:
        print(f"{a.rows:,} rows, {truth.get('files', 0)} files in {took:.1f} s -> {a.out}; truth {tpath}", file=sys.stderr)
    if a.live:
        live(a, truth)
        save()


if __name__ == "__main__":
    main()
