package limit

import (
	"forebay/proxy/limit/shared"
)

// lease is what was taken of a rate in advance, for one key. A key that is asked for again and again gets more each time,
// up to the limit's lease_size; one that is seen once in a while gets nothing.
type lease struct {
	units int64 // that have not been used
	size  int64 // how many were wanted last
	// tat is that of the bucket in Redis, by our clock.
	tat int64
	// again is when Redis may be asked for more: before it, somebody has asked already, or there was nothing.
	again int64
}

// takeLease takes a unit of a lease, if there is one, and asks for more in good time.
func (t *Ticket) takeLease(h *hold, now int64) bool {
	leases := h.rule.state.leases
	entry := leases.Open(h.hash, now)
	l := &entry.Value
	if entry.Until == 0 {
		entry.Until = now + h.rule.LeaseTime.Microseconds()
	}
	found := l.units > 0
	if found {
		l.units--
	}
	h.want = 1
	more := now >= l.again && l.units <= l.size/2 && (!found || l.size > 1)
	if more {
		h.want = max(1, min(2*l.size, h.rule.lease)-l.units)
		l.again = now + t.limits.redis.Timeout.Microseconds()
	}
	if found {
		h.source, h.taken = lent, true
		h.level = h.rate.Charge(h.rate.Level(l.tat, now), -l.units)
	}
	leases.Close(h.hash)
	if found && more {
		t.extend(h)
	}
	return found
}

// leased reports whether there is something in advance. It may have come after another request was refused.
func (h *hold) leased(now int64) bool {
	return h.rule.state.leases.Get(h.hash, now).Value.units > 0
}

// extend asks Redis for more, without waiting for it.
func (t *Ticket) extend(h *hold) {
	limiter, state, rule, hash, want := t.limits.limiter, h.rule.state, h.rule, h.hash, h.want
	call := &shared.Call{Steps: []shared.Step{{Kind: shared.KindRate, Key: t.keyOf(h), Rate: h.rule.rate, Most: want}}}
	t.limits.server.Post(call, func(c *shared.Call, err error) {
		if err != nil {
			return // it is asked again after redis_timeout
		}
		now := limiter.now()
		answer := hold{rule: rule, hash: hash, want: want, level: c.Steps[0].Level}
		if granted := c.Steps[0].Granted; granted > 0 {
			answer.keepLease(now, granted, 0)
			return
		}
		entry := state.leases.Open(hash, now)
		entry.Value.again = now + rule.rate.Wait(answer.level).Microseconds()
		state.leases.Close(hash)
	})
}

// keepLease keeps what was granted, but for what the request has used itself. There is never more than the limit's
// lease_size, whoever has asked meanwhile: that is what bounds by how much the rate can be exceeded.
func (h *hold) keepLease(now, granted, used int64) {
	leases := h.rule.state.leases
	entry := leases.Open(h.hash, now)
	l := &entry.Value
	l.units = min(l.units+granted-used, h.rule.lease)
	if h.want > 1 || l.size == 0 {
		l.size, l.again = min(max(1, 2*l.size), h.rule.lease), 0
	}
	l.tat = now + h.level
	entry.Until = now + h.rule.LeaseTime.Microseconds()
	h.level = h.rate.Charge(h.level, -l.units)
	leases.Close(h.hash)
}

// returnLease gives a unit back.
func (h *hold) returnLease(now int64) {
	leases := h.rule.state.leases
	entry := leases.Open(h.hash, now)
	if entry.Until > now {
		entry.Value.units = min(entry.Value.units+1, h.rule.lease)
	}
	leases.Close(h.hash)
}
