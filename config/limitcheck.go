package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// MaxLimits is how many limits there may be: which of them a request is under is a set of so many bits.
const MaxLimits = 64

// leastExpire leaves a process that serves a request the time to say that it still does.
const leastExpire = 3 * time.Second

var limitName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// checkLimits looks at each limit, and at what they need together.
func (c Config) checkLimits(faults *Faults) {
	var seen []string
	for _, limit := range c.Limits {
		if !limit.isUnread("name") {
			if slices.Contains(seen, limit.Name) {
				faults.add(limit.key("name"), Origin{}, "want each name once")
			}
			seen = append(seen, limit.Name)
		}
		for _, setting := range limitSettings {
			faults.checkLeast(limit.key(setting.Key), setting, fieldOf(&limit, setting.Key))
		}
		limit.check(faults)
		if limit.Shared != SharedNo && c.Redis.URL == "" {
			faults.add(limit.key("shared"), Origin{}, "want redis to be set as well")
		}
		c.checkDelay(faults, limit)
	}
	if len(c.Limits) > MaxLimits {
		faults.add(c.Limits[MaxLimits].key("name"), Origin{}, "want at most %d limits, not %d", MaxLimits, len(c.Limits))
	}
}

// checkDelay: a request that is delayed for longer than limit_delay would be refused instead, and part of the burst be of
// no use to anybody.
func (c Config) checkDelay(faults *Faults, l Limit) {
	if l.Delay < 0 || l.Rate == (Rate{}) {
		return
	}
	longest := time.Duration(l.Rate.Burst-int64(l.Delay)) * l.Rate.Interval()
	if longest > c.Limiting.Delay {
		faults.add(l.key("delay"), Origin{}, "want the last request of a burst to wait at most limit_delay (%s), not %s",
			DurationText(c.Limiting.Delay), DurationText(longest))
	}
}

// DurationText is a duration as a setting may be given it: 1m30s.
func DurationText(d time.Duration) string { return formatDuration(reflect.ValueOf(d)) }

func (l Limit) check(faults *Faults) {
	l.checkMeasure(faults)
	l.checkBurst(faults)
	if !l.isUnread("name") && !limitName.MatchString(l.Name) {
		faults.add(l.key("name"), Origin{}, "want 1 to 64 letters, digits, dots, dashes or underscores, not %q", l.Name)
	}
	if (l.Status < 400 || l.Status > 498) && l.Status != 503 { // the others stand for faults, and 499 for a client that left
		faults.add(l.key("status"), Origin{}, "want a status from 400 to 498, or 503, not %d", l.Status)
	}
	if l.IPv6Prefix > 128 {
		faults.add(l.key("ipv6_prefix"), Origin{}, "want at most 128, not %d", l.IPv6Prefix)
	}
	faults.checkEach(l.key("paths"), l.Paths, checkPattern)
	faults.checkEach(l.key("allow"), l.Allow, checkNetwork)
	faults.checkEach(l.key("deny"), l.Deny, checkNetwork)
	if l.Cost != "" && !isFieldName(l.Cost) {
		faults.add(l.key("cost"), Origin{}, "want the name of a field, such as X-RateLimit-Cost, not %q", l.Cost)
	}
}

// isUnread reports whether a key has a value that nobody could read.
func (l Limit) isUnread(key string) bool { return slices.Contains(l.unread, key) }

// checkMeasure: a limit has one measure, and what goes with it.
func (l Limit) checkMeasure(faults *Faults) {
	rate := l.Rate != (Rate{}) || l.isUnread("rate")
	concurrent := l.Concurrent > 0 || l.isUnread("concurrent")
	switch {
	case rate && concurrent:
		faults.add(l.key("concurrent"), Origin{}, "want a rate or concurrent, not both: make them two limits")
	case rate:
	case concurrent || len(l.Deny) > 0 || l.isUnread("deny"):
		if concurrent && l.Shared == SharedLease {
			faults.add(l.key("shared"), Origin{}, "want strict or no: what is in flight is not taken in advance")
		}
		if l.Delay >= 0 {
			faults.add(l.key("delay"), Origin{}, "want a rate for it")
		}
		if l.Cost != "" {
			faults.add(l.key("cost"), Origin{}, "want a rate for it")
		}
	default:
		faults.add(l.key("name"), Origin{}, "want a rate, such as rate = \"100/s\", or concurrent, or deny")
	}
}

// checkBurst is about what a rate must have room for.
func (l Limit) checkBurst(faults *Faults) {
	if l.Rate == (Rate{}) {
		return
	}
	if int64(l.Delay) > l.Rate.Burst {
		faults.add(l.key("delay"), Origin{}, "want at most the burst (%d), not %d", l.Rate.Burst, l.Delay)
	}
	if int64(l.LeaseSize) > l.Rate.Burst {
		faults.add(l.key("lease_size"), Origin{}, "want at most the burst (%d), not %d", l.Rate.Burst, l.LeaseSize)
	}
	if l.Cost != "" && float64(l.CostMax)*l.Rate.Interval().Seconds() > longestRefill.Seconds() {
		text := fmt.Sprintf("want at most what the rate gives in 366 days, not %d", l.CostMax)
		*faults = append(*faults, Fault{Key: l.key("cost_max"), Text: text, with: l.key("rate")})
	}
}

// checkPattern: as with prefixes, what is compared is a decoded path.
func checkPattern(pattern string) error {
	decoded, err := url.PathUnescape(pattern)
	switch {
	case !strings.HasPrefix(pattern, "/"):
		return fmt.Errorf("want a path that begins with a slash, such as \"/login\" or \"/api/*/export\", not %q", pattern)
	case strings.ContainsAny(pattern, "?#"):
		return fmt.Errorf("want a path without ? or #, not %q", pattern)
	case strings.Contains(pattern, "**"):
		return fmt.Errorf("want one * in a segment: what is below a path belongs to it anyhow, not %q", pattern)
	case err == nil && decoded != pattern:
		return fmt.Errorf("want the path decoded: %q", decoded)
	}
	return nil
}

// checkNetwork is for clients, which have an address.
func checkNetwork(text string) error {
	if _, err := netip.ParseAddr(text); err == nil {
		return nil
	}
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return fmt.Errorf("want an IP address or a network such as 10.0.0.0/8, not %q", text)
	case network != network.Masked():
		return fmt.Errorf("bits are set beyond the mask of %q: %s is meant, or one address", text, network.Masked())
	}
	return nil
}
