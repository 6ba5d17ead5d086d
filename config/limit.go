package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limiting is about all rate limits together.
type Limiting struct {
	// Keys is how many keys each limit remembers in this process, at up to 128 bytes each. When there are more, those that
	// are furthest from their limit are forgotten.
	Keys int `key:"limit_keys"`
	// Delay is the longest time that a limit delays a request; one that would have to wait longer is refused.
	Delay time.Duration `key:"limit_delay"`
	// Delayed is how many requests limits may delay at once; further ones are refused.
	Delayed int `key:"limit_delayed"`
}

// Limit is one rate limit, or one limit of requests at the same time.
type Limit struct {
	// Name is what log lines, fields of answers and keys in Redis call it.
	Name string `key:"name"`
	// Rate is how many requests, or units of work, there may be. Zero means that the limit has Concurrent, or nothing but
	// Deny.
	Rate Rate `key:"rate"`
	// Concurrent is how many requests with the same key may be in flight. 0 means that the limit is of a rate.
	Concurrent int `key:"concurrent"`
	// Expire is after what time a request in flight does not count any more if the process that serves it has died.
	Expire time.Duration `key:"expire"`
	// Key says which requests are counted together. A request that has no value for a part of it is not under the limit.
	Key LimitKey `key:"key"`
	// IPv6Prefix is how many bits of an IPv6 address count. One customer has a /64 or more (RFC 6177).
	IPv6Prefix int `key:"ipv6_prefix"`
	// Paths are the prefixes or patterns of the paths under the limit, as MatchPath compares them; "*" stands for any part
	// of a segment. Empty means all.
	Paths []string `key:"paths"`
	// Methods are those under the limit. Empty means all.
	Methods []string `key:"methods"`
	// Allow are the networks whose clients are not under the limit.
	Allow []string `key:"allow"`
	// Deny are those whose clients are refused, with 403, and counted nowhere.
	Deny []string `key:"deny"`
	// Status is that of an answer that refuses.
	Status int `key:"status"`
	// Delay is how many requests of a burst go on at once; the others wait so that they go on at the rate. Negative means
	// that all go on at once.
	Delay int `key:"delay"`
	// Shared says whether the limit is one for all processes that use the same Redis.
	Shared Sharing `key:"shared"`
	// LeaseTime is for how long a process may use what it has taken in advance, where Shared is SharedLease.
	LeaseTime time.Duration `key:"lease_time"`
	// LeaseSize is the most that it takes in advance for a key. 0 means an eighth of the burst, or what comes in LeaseTime
	// if that is less. See MaxLease.
	LeaseSize int `key:"lease_size"`
	// OnError says what becomes of requests when Redis does not answer.
	OnError OnError `key:"on_error"`
	// DryRun means that nothing is refused or delayed, only counted and logged.
	DryRun bool `key:"dry_run"`
	// Headers are the fields that tell clients about the limit.
	Headers Headers `key:"headers"`
	// Cost is the field of a response in which the application says how many units of the rate the request was worth. It
	// does not reach the client. Empty means that each is worth one.
	Cost string `key:"cost"`
	// CostMax is the highest such number; what is above it counts as this.
	CostMax int `key:"cost_max"`

	// unread are keys whose values could not be read. Their faults are told already; what follows from them is no further one.
	unread []string
}

// DefaultLimit is a limit of which nothing is said.
func DefaultLimit() Limit {
	return Limit{
		Expire: 30 * time.Second, Key: LimitKey{[]KeyPart{{{Kind: KeyAddress}}}}, IPv6Prefix: 64, Status: 429, Delay: -1,
		Shared: SharedNo, LeaseTime: 200 * time.Millisecond, OnError: OnErrorLocal, Headers: HeadersDraft, CostMax: 1000,
	}
}

// MaxLease is the most that a process takes in advance for a key, and so the most by which it can exceed the rate.
func (l Limit) MaxLease() int64 {
	if l.Shared != SharedLease || l.Rate == (Rate{}) {
		return 0
	}
	most := min(l.Rate.Burst/8, int64(l.LeaseTime/l.Rate.Interval()))
	return max(1, cmp.Or(int64(l.LeaseSize), most))
}

// Sharing is how processes share a limit.
type Sharing string

// The kinds of sharing.
const (
	// SharedNo: each process counts for itself.
	SharedNo Sharing = "no"
	// SharedStrict: Redis counts each request.
	SharedStrict Sharing = "strict"
	// SharedLease: Redis counts, but a process takes a few requests' worth in advance for keys that are busy.
	SharedLease Sharing = "lease"
)

// OnError is what is done when Redis does not answer.
type OnError string

// The choices of OnError.
const (
	// OnErrorLocal: each process counts for itself, and has its share of the rate.
	OnErrorLocal OnError = "local"
	// OnErrorAllow: requests go on.
	OnErrorAllow OnError = "allow"
	// OnErrorDeny: requests are refused.
	OnErrorDeny OnError = "deny"
)

// Headers are fields of answers that tell about a limit.
type Headers string

// The choices of Headers.
const (
	// HeadersDraft are RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-11).
	HeadersDraft Headers = "draft"
	// HeadersLegacy are X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset.
	HeadersLegacy Headers = "legacy"
	// HeadersBoth are those and these.
	HeadersBoth Headers = "both"
	// HeadersNone are none but Retry-After.
	HeadersNone Headers = "none"
)

// parseMethod takes any token (RFC 9110, section 9.1): methods are the application's.
func parseMethod(text, _ string) (any, error) {
	if !isFieldName(text) {
		return nil, fmt.Errorf("want a method such as POST, not %q", text)
	}
	upper := strings.ToUpper(text)
	if text != upper && slices.Contains(commonMethods, upper) { // it would never be met
		return nil, fmt.Errorf("want %s: small letters make it another method than %q", upper, text)
	}
	return text, nil
}

var commonMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
