package limit

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"forebay/config"
	"forebay/proxy/limit/gcra"
	"forebay/proxy/limit/key"
	"forebay/proxy/limit/place"
)

// rule is a limit in the form in which requests meet it. Nothing but its state ever changes.
type rule struct {
	config.Limit
	state       *state
	place       place.Place
	key         *key.Maker
	allow, deny []netip.Prefix
	// rate is zero where the limit is of requests in flight, or of nothing.
	rate gcra.Limit
	// policy is the limit's member of RateLimit-Policy.
	policy        string
	draft, legacy bool   // which fields tell of it
	cost          string // the field Cost, in lower case
	shared        bool   // Redis counts
	lease         int64  // the most that is taken in advance; 0: nothing
	// meaning begins the limit's keys: what was counted by a field is never taken for what is counted by a cookie, if a
	// limit gets another key or the configurations of two processes differ.
	meaning [8]byte
}

func newRule(cfg config.Limit, s *state) (*rule, error) {
	r := &rule{
		Limit: cfg, state: s, cost: strings.ToLower(cfg.Cost), shared: cfg.Shared != config.SharedNo, lease: cfg.MaxLease(),
		place: place.New(cfg.Paths, cfg.Methods), key: key.New(cfg.Key, cfg.IPv6Prefix),
		draft:  cfg.Headers == config.HeadersDraft || cfg.Headers == config.HeadersBoth,
		legacy: cfg.Headers == config.HeadersLegacy || cfg.Headers == config.HeadersBoth,
	}
	if cfg.Rate != (config.Rate{}) {
		most := 0
		if cfg.Cost != "" {
			most = cfg.CostMax
		}
		r.rate = gcra.New(cfg.Rate, most)
	}
	sum := sha256.Sum256(fmt.Append(nil, cfg.Key, "/", cfg.IPv6Prefix))
	copy(r.meaning[:], sum[:])
	r.policy = policyOf(cfg)
	var err error
	if r.allow, err = networks(cfg.Allow); err != nil {
		return nil, err
	}
	r.deny, err = networks(cfg.Deny)
	return r, err
}

// policyOf writes a member of RateLimit-Policy: a quota, and a window of whole seconds in which it comes
// (draft-ietf-httpapi-ratelimit-headers-11, section 3.1). The quota is never less than what may be left of it.
func policyOf(cfg config.Limit) string {
	if cfg.Concurrent > 0 {
		return fmt.Sprintf(`"%s";q=%d;qu="concurrent-requests"`, cfg.Name, cfg.Concurrent)
	}
	quota, window := cfg.Rate.Count, cfg.Rate.Period
	if cfg.Rate.Burst > quota {
		quota, window = cfg.Rate.Burst, cfg.Rate.Refill()
	}
	return fmt.Sprintf(`"%s";q=%d;w=%d`, cfg.Name, quota, max(1, (window+time.Second/2)/time.Second))
}

// networks reads addresses and networks.
func networks(texts []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, err
			}
			network = netip.PrefixFrom(addr, addr.BitLen())
		}
		if addr := network.Addr(); addr.Is4In6() && network.Bits() >= 96 { // clients' addresses are never in this form
			network = netip.PrefixFrom(addr.Unmap(), network.Bits()-96)
		}
		list = append(list, network)
	}
	return list, nil
}

// contains reports whether an address lies in one of the networks.
func contains(networks []netip.Prefix, addr netip.Addr) bool {
	if len(networks) == 0 || !addr.IsValid() {
		return false
	}
	addr = addr.WithZone("") // a network contains no address with a zone
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// covers reports whether a request is under the limit.
func (r *rule) covers(request *key.Request) bool {
	return r.place.Has(request.Method, request.Path) && !contains(r.allow, request.Addr)
}

// counts reports whether the limit is more than a list of networks.
func (r *rule) counts() bool { return r.rate.Interval > 0 || r.Concurrent > 0 }
