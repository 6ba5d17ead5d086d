package limit

import (
	"hash/maphash"

	"forebay/config"
	"forebay/proxy/limit/key"
	"forebay/proxy/limit/shared"
)

// Limits are those of one configuration. They are never changed. Many goroutines may ask at once.
type Limits struct {
	limiter *Limiter
	cfg     config.Limiting
	redis   config.Redis
	server  *shared.Server // nil where nothing is shared
	rules   []*rule
}

// Any reports whether there is a limit at all.
func (l *Limits) Any() bool { return len(l.rules) > 0 }

// Ask decides about a request, of which nothing is kept. It returns nil for a request that is under no limit. The caller
// closes the ticket when the request is over, whatever the decision. It blocks where Redis has to be asked, for
// redis_timeout at most.
func (l *Limits) Ask(request *key.Request) *Ticket {
	var t *Ticket
	for _, r := range l.rules {
		if !r.covers(request) {
			continue
		}
		if t == nil {
			t = newTicket(l)
		}
		if contains(r.deny, request.Addr) && t.deny(r) {
			return t
		}
		if r.counts() {
			t.add(r, request)
		}
	}
	switch {
	case t == nil:
		return nil
	case len(t.holds) == 0:
		t.Close()
		return nil
	}
	t.decide()
	return t
}

// add puts a request under a limit, if it has a key for it.
func (t *Ticket) add(r *rule, request *key.Request) {
	begin := len(t.text)
	text, ok := r.key.Append(append(t.text, r.meaning[:]...), request)
	if !ok {
		t.text = text[:begin]
		return
	}
	t.text = text
	h := hold{rule: r, hash: maphash.Bytes(r.state.seed, text[begin:]), begin: begin, end: len(text), rate: r.rate}
	if r.shared {
		h.source = redis
		t.asks = true
	}
	h.due = h.source == here
	t.holds = append(t.holds, h)
}

// decide takes what the request needs of all its limits, or of none.
func (t *Ticket) decide() {
	now := t.limits.limiter.now()
	if t.asks {
		t.recall(now)
	}
	t.takeHere(now)
	if t.asks && !t.refused() {
		t.takeShared(now)
	}
	if !t.refused() {
		t.takeTime()
	}
	if t.refused() {
		t.giveBack(now)
	}
	t.count(now)
}

// takeHere takes what this process counts by itself.
func (t *Ticket) takeHere(now int64) {
	if !t.refused() {
		t.takeFlights()
	}
	if !t.refused() {
		t.takeRates(now)
	}
}

// takeFlights counts the request where requests in flight are.
func (t *Ticket) takeFlights() {
	for i := range t.holds {
		h := &t.holds[i]
		if !h.due || h.rule.Concurrent == 0 {
			continue
		}
		h.due = false
		count, taken := h.rule.state.flights.take(h.hash, t.flightsOf(h))
		h.level, h.taken = int64(count), taken
		if !taken {
			t.refuse(h, retryFlight)
		}
	}
}

// takeRates takes a unit of all rates, or, if one that counts has none left, of none. All of them are locked meanwhile, in
// the order that all requests keep.
func (t *Ticket) takeRates(now int64) {
	for i := range t.holds {
		h := &t.holds[i]
		if !h.due || h.rate.Interval == 0 {
			continue
		}
		h.entry = h.rule.state.buckets.Open(h.hash, now)
		var units int64
		units, h.level = h.rate.Take(h.rate.Level(h.entry.Until, now), 1)
		if h.taken = units > 0; !h.taken {
			t.refuse(h, h.rate.Wait(h.level))
		}
	}
	for i := range t.holds {
		h := &t.holds[i]
		if h.entry == nil {
			continue
		}
		switch {
		case !h.taken:
		case t.refused():
			h.taken = false
			h.level -= h.rate.Interval
		default:
			h.entry.Until = now + h.level
		}
		h.entry, h.due = nil, false
		h.rule.state.buckets.Close(h.hash)
	}
}

// takeTime works out how long the request has to wait, and takes a place among those that do.
func (t *Ticket) takeTime() {
	for i := range t.holds {
		if h := &t.holds[i]; h.delays() {
			t.delay = max(t.delay, h.rate.Delay(h.level, int64(h.rule.Delay)))
		}
	}
	if t.delay == 0 {
		return
	}
	if t.waiting = t.delay <= t.limits.cfg.Delay && t.limits.limiter.hold(t.limits.cfg.Delayed); t.waiting {
		return
	}
	t.delay = 0
	for i := range t.holds {
		if h := &t.holds[i]; h.delays() {
			t.refuse(h, h.rate.Delay(h.level, int64(h.rule.Delay)))
		}
	}
}

// giveBack returns what the request has taken.
func (t *Ticket) giveBack(now int64) {
	for i := range t.holds {
		h := &t.holds[i]
		switch {
		case !h.taken:
		case h.rule.Concurrent > 0:
			t.land(h)
			h.level--
		case h.source == lent:
			h.returnLease(now)
		default:
			t.charge(h, now, -1)
		}
		h.taken = false
	}
}

// charge takes units of a rate, room or not.
func (t *Ticket) charge(h *hold, now, units int64) {
	if h.source != here {
		t.chargeShared(h, units)
		h.level = h.rate.Charge(h.level, units)
	}
	buckets, rate := h.rule.state.buckets, t.rateHere(h)
	entry := buckets.Open(h.hash, now)
	level := rate.Charge(rate.Level(entry.Until, now), units)
	entry.Until = now + level
	buckets.Close(h.hash)
	if h.source == here {
		h.level = level
	}
}
