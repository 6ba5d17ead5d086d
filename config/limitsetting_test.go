package config

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachFieldOfALimitHasItsSetting(t *testing.T) {
	var fields []string
	for field := range reflect.TypeFor[Limit]().Fields() {
		if field.IsExported() {
			fields = append(fields, field.Tag.Get("key"))
		}
	}
	for _, setting := range limitSettings {
		assert.NotEmpty(t, setting.Metavar, setting.Key)
		assert.NotEmpty(t, setting.Help, setting.Key)
		assert.Empty(t, setting.Flag, setting.Key)
	}
	assert.Equal(t, fields, keysOf(limitSettings))
}

const limits = `redis = "unix:///run/redis.sock"

[[limit]]
name = "login"
rate = "5/min burst 10"
paths = ["/login", "/api/*/token"]
methods = "POST, PUT"
allow = ["10.0.0.0/8", "::1"]
status = 503
delay = 10

[[path]]
prefix = "/a"

[[limit]]
name = "api"
rate = "100/s"
key = "header:X-Api-Key|address"
shared = "lease"
lease_time = "100ms"
on_error = "deny"
dry_run = true
headers = "both"
cost = "X-Cost"
cost_max = 50

[[limit]]
name = "flight"
concurrent = 3
expire = 5
deny = "192.0.2.0/24"
`

func TestLimitsOfAFile(t *testing.T) {
	inTable := strings.NewReplacer("[[limit]]", "[[tool.forebay.limit]]", "[[path]]", "[[tool.forebay.path]]").Replace("[tool.forebay]\n" + limits)
	for name, text := range map[string]string{"forebay.toml": limits, "pyproject.toml": inTable} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, name, text)
			reading := mustRead(t, Sources{Dir: dir})
			login, api, flight := DefaultLimit(), DefaultLimit(), DefaultLimit()
			login.Name, login.Rate, login.Status, login.Delay = "login", Rate{5, time.Minute, 10}, 503, 10
			login.Paths, login.Methods, login.Allow = []string{"/login", "/api/*/token"}, []string{"POST", "PUT"}, []string{"10.0.0.0/8", "::1"}
			api.Name, api.Rate, api.Shared, api.LeaseTime, api.OnError = "api", Rate{100, time.Second, 100}, SharedLease, 100*time.Millisecond, OnErrorDeny
			api.Key = keyOf(KeyPart{{KeyHeader, "x-api-key"}, {Kind: KeyAddress}})
			api.DryRun, api.Headers, api.Cost, api.CostMax = true, HeadersBoth, "X-Cost", 50
			flight.Name, flight.Concurrent, flight.Expire, flight.Deny = "flight", 3, 5*time.Second, []string{"192.0.2.0/24"}
			assert.Equal(t, []Limit{login, api, flight}, reading.Config.Limits)
			shift := strings.Count(text, "\n") - strings.Count(limits, "\n")
			assert.Equal(t, Origin{LayerFile, name, 5 + shift}, reading.Origins[`limit "login": rate`])
			assert.Equal(t, Origin{LayerFile, name, 20 + shift}, reading.Origins[`limit "api": lease_time`])
			assert.Equal(t, Origin{LayerFile, name, 13 + shift}, reading.Origins[`path "/a": prefix`])
		})
	}
}

func TestALimitSaysWhatItWasGiven(t *testing.T) {
	limit := DefaultLimit()
	limit.Name, limit.Rate, limit.Paths, limit.Shared = "x", Rate{1, time.Second, 2}, []string{"/a", "/b"}, SharedStrict
	assert.Equal(t, map[string]string{
		`limit "x": name`: "x", `limit "x": rate`: "1/s burst 2", `limit "x": paths`: "/a,/b", `limit "x": shared`: "strict",
	}, maps.Collect(limit.Said()))
}

func TestLeases(t *testing.T) {
	cases := map[string]struct {
		rate string
		size int
		want int64
	}{
		"an eighth of the burst":        {"1000/s burst 80", 0, 10},
		"what comes in its time":        {"100/s burst 8000", 0, 20},
		"one at least":                  {"1/h", 0, 1},
		"as was said":                   {"1000/s", 7, 7},
		"as was said, however slow":     {"1/h burst 7", 7, 7},
		"of a limit that is not shared": {"", 0, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			limit := DefaultLimit()
			limit.Shared, limit.LeaseSize = SharedLease, c.size
			if c.rate != "" {
				rate, err := parseRate(c.rate, "")
				require.NoError(t, err)
				limit.Rate = rate.(Rate)
			}
			assert.Equal(t, c.want, limit.MaxLease())
		})
	}
}

func TestLimitFaults(t *testing.T) {
	cases := map[string]struct {
		text string
		want []string
	}{
		"no table":         {"limit = 3", []string{"forebay.toml:1: limit: want [[limit]] with a name and a rate"}},
		"no name, no rate": {"[[limit]]\ndry_run = true", []string{`forebay.toml:1: limit "": name: want a rate, such as rate = "100/s", or concurrent, or deny`, `forebay.toml:1: limit "": name: want 1 to 64 letters, digits, dots, dashes or underscores, not ""`}},
		"a name with space": {
			"[[limit]]\nname = 'a b'\nrate = '1/s'", []string{`forebay.toml:2: limit "a b": name: want 1 to 64 letters, digits, dots, dashes or underscores, not "a b"`},
		},
		"a name twice": {
			"[[limit]]\nname = 'a'\nrate = '1/s'\n[[limit]]\nname = 'a'\nrate = '1/s'", []string{`forebay.toml:5: limit "a": name: want each name once`},
		},
		"a rate that is none": {
			"[[limit]]\nname = 'a'\nrate = 'fast'", []string{`forebay.toml:3: limit "a": rate: want a rate such as "100/s", "20/10s" or "5/min burst 10", not "fast"`},
		},
		"a number as a rate": {"[[limit]]\nname = 'a'\nrate = 3", []string{`forebay.toml:3: limit "a": rate: want text in quotes, not 3`}},
		"two measures": {
			"[[limit]]\nname = 'a'\nrate = '1/s'\nconcurrent = 1", []string{`forebay.toml:4: limit "a": concurrent: want a rate or concurrent, not both: make them two limits`},
		},
		"a mistyped key":  {"[[limit]]\nname = 'a'\nrate = '1/s'\npath = ['/']", []string{`forebay.toml:4: limit "a": path: unknown key: did you mean paths?`}},
		"what is for all": {"[[limit]]\nname = 'a'\nrate = '1/s'\nlimit_keys = 3", []string{`forebay.toml:4: limit "a": limit_keys: unknown key: it is not for single limits: what is for all stands above the first [[limit]]`}},
		"another one":     {"[[limit]]\nname = 'a'\nrate = '1/s'\nmethdos = ['GET']", []string{`forebay.toml:4: limit "a": methdos: unknown key: did you mean methods?`}},
		"an array as a rate": {
			"[[limit]]\nname = 'a'\nrate = ['1/s']", []string{`forebay.toml:3: limit "a": rate: want one value, not an array`},
		},
		"many faults": {
			"[[limit]]\nname = 'a'\nrate = '1/s'\nstatus = 200\nipv6_prefix = 129\npaths = ['login']\nallow = ['10.0.0.1/8']\ndeny = ['x']\nexpire = 1\nmethods = ['a b']\n[[limit]]\nname = 'b'\nrate = '1/s'\nmethods = ['PURGE', 'get']", []string{
				`forebay.toml:4: limit "a": status: want a status from 400 to 498, or 503, not 200`, `forebay.toml:5: limit "a": ipv6_prefix: want at most 128, not 129`,
				`forebay.toml:6: limit "a": paths: want a path that begins with a slash, such as "/login" or "/api/*/export", not "login"`,
				`forebay.toml:7: limit "a": allow: bits are set beyond the mask of "10.0.0.1/8": 10.0.0.0/8 is meant, or one address`,
				`forebay.toml:8: limit "a": deny: want an IP address or a network such as 10.0.0.0/8, not "x"`,
				`forebay.toml:9: limit "a": expire: want 3s or more, not 1s`, `forebay.toml:10: limit "a": methods: want a method such as POST, not "a b"`,
				`forebay.toml:14: limit "b": methods: want GET: small letters make it another method than "get"`,
			},
		},
		"what cannot be read and what is wrong": {
			"[[limit]]\nname = 'a'\nrate = 'fast'\nstatus = 200\ndelay = 3\ncost = 'X: 1'\nlease_size = 5\nshared = 'strict'\nexpire = 'x'", []string{
				`forebay.toml:3: limit "a": rate: want a rate such as "100/s", "20/10s" or "5/min burst 10", not "fast"`,
				`forebay.toml:4: limit "a": status: want a status from 400 to 498, or 503, not 200`,
				`forebay.toml:6: limit "a": cost: want the name of a field, such as X-RateLimit-Cost, not "X: 1"`,
				`forebay.toml:8: limit "a": shared: want redis to be set as well`,
				`forebay.toml:9: limit "a": expire: want a duration such as "30s", "1m30s" or a number of seconds, not "x"`,
			},
		},
		"two measures of which one cannot be read": {
			"[[limit]]\nname = 'a'\nrate = 'fast'\nconcurrent = 1", []string{
				`forebay.toml:3: limit "a": rate: want a rate such as "100/s", "20/10s" or "5/min burst 10", not "fast"`,
				`forebay.toml:4: limit "a": concurrent: want a rate or concurrent, not both: make them two limits`,
			},
		},
		"a measure that cannot be read": {
			"[[limit]]\nname = 'a'\nconcurrent = 'x'\ndelay = 0\n[[limit]]\nname = 'b'\ndeny = 3\nstatus = 1", []string{
				`forebay.toml:3: limit "a": concurrent: want a whole number, not "x"`, `forebay.toml:4: limit "a": delay: want a rate for it`,
				`forebay.toml:7: limit "b": deny: want text in quotes, not 3`, `forebay.toml:8: limit "b": status: want a status from 400 to 498, or 503, not 1`,
			},
		},
		"names that cannot be read": {
			"[[limit]]\nname = 1\nrate = '1/s'\n[[limit]]\nname = 2\nrate = '1/s'\nstatus = 1", []string{
				`forebay.toml:2: limit "": name: want text in quotes, not 1`, `forebay.toml:5: limit "": name: want text in quotes, not 2`,
				`forebay.toml:7: limit "": status: want a status from 400 to 498, or 503, not 1`,
			},
		},
		"a name that is taken by one that cannot be read": {
			"[[limit]]\nname = 'a'\nrate = 'fast'\n[[limit]]\nname = 'a'\nrate = '1/s'", []string{
				`forebay.toml:3: limit "a": rate: want a rate such as "100/s", "20/10s" or "5/min burst 10", not "fast"`,
				`forebay.toml:5: limit "a": name: want each name once`,
			},
		},
		"more than the burst": {
			"redis = 'redis://a'\n[[limit]]\nname = 'a'\nrate = '9/s'\nshared = 'lease'\nlease_size = 10\ndelay = 11", []string{
				`forebay.toml:6: limit "a": lease_size: want at most the burst (9), not 10`, `forebay.toml:7: limit "a": delay: want at most the burst (9), not 11`,
			},
		},
		"patterns": {
			"[[limit]]\nname = 'a'\nrate = '1/s'\npaths = ['/a?b', '/a/**', '/%61']", []string{
				`forebay.toml:4: limit "a": paths: want a path without ? or #, not "/a?b"`,
				`forebay.toml:4: limit "a": paths: want one * in a segment: what is below a path belongs to it anyhow, not "/a/**"`,
				`forebay.toml:4: limit "a": paths: want the path decoded: "/a"`,
			},
		},
		"shared with nobody": {"[[limit]]\nname = 'a'\nrate = '1/s'\nshared = 'strict'", []string{`forebay.toml:4: limit "a": shared: want redis to be set as well`}},
		"leases of what is in flight": {
			"redis = 'redis://a'\n[[limit]]\nname = 'a'\nconcurrent = 1\nshared = 'lease'", []string{`forebay.toml:5: limit "a": shared: want strict or no: what is in flight is not taken in advance`},
		},
		"a choice of nobody":    {"[[limit]]\nname = 'a'\nrate = '1/s'\non_error = 'ignore'", []string{`forebay.toml:4: limit "a": on_error: want local, allow or deny, not "ignore"`}},
		"a delay without rate":  {"[[limit]]\nname = 'a'\nconcurrent = 1\ndelay = 0", []string{`forebay.toml:4: limit "a": delay: want a rate for it`}},
		"a delay for too long":  {"[[limit]]\nname = 'a'\nrate = '1/s burst 20'\ndelay = 0", []string{`forebay.toml:4: limit "a": delay: want the last request of a burst to wait at most limit_delay (10s), not 20s`}},
		"a delay past the end":  {"[[limit]]\nname = 'a'\nrate = '1/s burst 2'\ndelay = 3", []string{`forebay.toml:4: limit "a": delay: want at most the burst (2), not 3`}},
		"a lease too large":     {"redis = 'redis://a'\n[[limit]]\nname = 'a'\nrate = '9/s'\nshared = 'lease'\nlease_size = 10", []string{`forebay.toml:6: limit "a": lease_size: want at most the burst (9), not 10`}},
		"a cost of nothing":     {"[[limit]]\nname = 'a'\nconcurrent = 1\ncost = 'X-Cost'", []string{`forebay.toml:4: limit "a": cost: want a rate for it`}},
		"a cost that is a line": {"[[limit]]\nname = 'a'\nrate = '1/s'\ncost = 'X: 1'", []string{`forebay.toml:4: limit "a": cost: want the name of a field, such as X-RateLimit-Cost, not "X: 1"`}},
		"a cost for ever":       {"[[limit]]\nname = 'a'\nrate = '1/day'\ncost = 'X'", []string{`forebay.toml:3: limit "a": cost_max: want at most what the rate gives in 366 days, not 1000`}},
		"a Redis that is none":  {"redis = 'localhost:6379'", []string{`forebay.toml:1: redis: want redis://, rediss:// or unix://, not "localhost"`}},
		"too many":              {manyLimits(MaxLimits + 1), []string{`forebay.toml:194: limit "a64": name: want at most 64 limits, not 65`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "forebay.toml", c.text)
			assert.Equal(t, c.want, faultsOf(t, Sources{Dir: dir}))
		})
	}
}

func manyLimits(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "[[limit]]\nname = 'a%d'\nrate = '1/s'\n", i)
	}
	return text.String()
}

func TestLimitsStandInFilesOnly(t *testing.T) {
	assert.Equal(t, []string{"FOREBAY_LIMIT: unknown variable: rate limits stand in a file, below [[limit]]"},
		faultsOf(t, Sources{Dir: t.TempDir(), Environ: []string{"FOREBAY_LIMIT=1/s"}}))
}
