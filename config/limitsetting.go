package config

import (
	"fmt"
	"iter"
	"reflect"
	"strings"
)

// limitKey is the key of the tables for rate limits in a file.
const limitKey = "limit"

// limitSettings are what a [[limit]] may say. The keys are those of Limit's fields.
var limitSettings = []Setting{
	{Key: "name", Metavar: "NAME", Help: "what it is called: in the log, in answers and in Redis", kind: textKind.like(limitName.String())},
	{Key: "rate", Metavar: "N/TIME [burst N]", Help: "how much there may be for a key, such as `100/s` or `5/min burst 10`; the burst is what may come at once, and else the number before the slash", kind: rateKind},
	{Key: "concurrent", Metavar: "N", Help: "in the place of a rate: how many requests with a key may be in flight", kind: countKind},
	{Key: "expire", Metavar: "TIME", Help: "with `concurrent` and `shared`: when a process has died, its requests count so much longer", kind: durationKind.from(int64(leastExpire))},
	{Key: "key", Metavar: "KEY", Help: "what is counted by: `address`, `method`, `path`, `header:NAME`, `cookie:NAME` or `all`; `a+b` is both together, `a|b` the first that the request has. Without a value for it a request is not under the limit", kind: keyKind},
	{Key: "ipv6_prefix", Metavar: "N", Help: "bits of an IPv6 address that count", kind: countKind.from(1)},
	{Key: "paths", Metavar: "[PATH, ...]", Help: "prefixes that are compared as those of [[path]] are; `*` stands for any part of a segment. Without them all paths", kind: namesKind.like(pathsPattern)},
	{Key: "methods", Metavar: "[METHOD, ...]", Help: "methods under the limit. Without them all", kind: methodsKind},
	{Key: "allow", Metavar: "[IP, ...]", Help: "addresses and networks that are not under the limit", kind: namesKind},
	{Key: "deny", Metavar: "[IP, ...]", Help: "those that are refused always, with 403", kind: namesKind},
	{Key: "status", Metavar: "N", Help: "the status of a refusal: 400 to 498, or 503", kind: countKind},
	{Key: "delay", Metavar: "N", Help: "so many requests of a burst go on at once, and the others as the rate allows; without it all go on at once", kind: countKind.from(-1)},
	{Key: "shared", Metavar: "WHICH", Help: "through Redis: `no`, `strict` (it counts each request) or `lease` (processes take a few in advance for busy keys)", kind: sharingKind},
	{Key: "lease_time", Metavar: "TIME", Help: "for how long what was taken in advance is good", kind: durationKind.from(instant)},
	{Key: "lease_size", Metavar: "N", Help: "the most that is taken in advance; 0 is an eighth of the burst, or what comes in `lease_time` if that is less", kind: countKind},
	{Key: "on_error", Metavar: "WHICH", Help: "when Redis does not answer: `local` (each process counts by itself and has its share), `allow` or `deny`", kind: onErrorKind},
	{Key: "dry_run", Metavar: "BOOL", Help: "refuse and delay nothing, only count and log", kind: switchKind},
	{Key: "headers", Metavar: "WHICH", Help: "tell clients by `draft` (RateLimit-Policy and RateLimit), `legacy` (X-RateLimit-Limit and so on), `both` or `none`", kind: headersKind},
	{Key: "cost", Metavar: "FIELD", Help: "field of a response in which the application says how much of the rate the request was worth; clients do not see it", kind: textKind},
	{Key: "cost_max", Metavar: "N", Help: "the highest such number", kind: countKind.from(1)},
}

// limitHint ends the report of an unknown key.
func limitHint(key string) string {
	keys := keysOf(limitSettings)
	_, forAll := Find(key)
	near := Closest(strings.ReplaceAll(key, "-", "_"), keys)
	switch {
	case (forAll || Advice(key) != "") && near != key+"s": // there is [[path]], but paths is what was meant
		return "it is not for single limits: what is for all stands above the first [[limit]]"
	case near != "":
		return "did you mean " + near + "?"
	default:
		return "a [[limit]] has " + strings.Join(keys, ", ")
	}
}

// Said are the keys and values of what l says, in the order of the documentation. The keys are those of Reading's Origins.
func (l Limit) Said() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		plain := DefaultLimit()
		for _, setting := range limitSettings {
			field := fieldOf(&l, setting.Key)
			if setting.Key != "name" && reflect.DeepEqual(field.Interface(), fieldOf(&plain, setting.Key).Interface()) {
				continue
			}
			if !yield(l.key(setting.Key), setting.fieldText(field)) {
				return
			}
		}
	}
}

// key is what origins and faults call a setting of l.
func (l Limit) key(name string) string { return fmt.Sprintf("%s %q: %s", limitKey, l.Name, name) }
