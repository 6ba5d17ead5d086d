package limit

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"forebay/config"
	"forebay/proxy/limit/gcra"
	"forebay/proxy/limit/shared"
)

// source is who has decided about what a request takes of a limit.
type source byte

const (
	here  source = iota // this process
	lent                // this process, of what it has taken in advance
	redis               // Redis
)

// recall refuses what Redis has refused before, for as long as it must refuse it.
func (t *Ticket) recall(now int64) {
	for i := range t.holds {
		h := &t.holds[i]
		if h.source != redis || h.rule.state.refusals == nil {
			continue
		}
		refusal := h.rule.state.refusals.Get(h.hash, now)
		if refusal.Until > 0 && (h.rule.lease == 0 || !h.leased(now)) {
			h.source = here // nobody is to be asked
			h.level = h.rate.Burst - h.rate.Interval + refusal.Value - now
			t.refuse(h, h.rate.Wait(h.level))
		}
	}
}

// takeShared takes what Redis counts: of leases where there are some, and else of Redis, all or none. If it does not
// answer, each limit says what is done then.
func (t *Ticket) takeShared(now int64) {
	if t.call == nil {
		t.call = new(shared.Call)
	}
	t.call.Steps = t.call.Steps[:0]
	for i := range t.holds {
		h := &t.holds[i]
		if h.source != redis || (h.rule.lease > 0 && t.takeLease(h, now)) {
			continue
		}
		h.due = true
		t.call.Steps = append(t.call.Steps, t.step(h))
	}
	if len(t.call.Steps) > 0 {
		if err := t.limits.server.Do(t.call); err != nil {
			t.call = nil // an answer may still come
			t.decideAlone(now)
		} else {
			t.read(now)
		}
	}
	if !t.refused() {
		t.warm(now)
	}
}

// step is what a request needs of a limit that Redis counts.
func (t *Ticket) step(h *hold) shared.Step {
	step := shared.Step{Advisory: h.rule.DryRun, Rate: h.rate, Most: max(1, h.want)}
	if h.rule.Concurrent > 0 {
		step.Kind, step.Most = shared.KindFlight, int64(h.rule.Concurrent)
		step.ID, step.Expire = t.limits.server.NextID(), h.rule.Expire
		h.id = step.ID
	}
	step.Key = t.keyOf(h)
	return step
}

// keyOf is a hold's key in Redis. Of what it is made from nothing but a hash leaves this process.
func (t *Ticket) keyOf(h *hold) string {
	sum := sha256.Sum256(t.text[h.begin:h.end])
	var text [22]byte
	base64.RawURLEncoding.Encode(text[:], sum[:16])
	kind := shared.KindRate
	if h.rule.Concurrent > 0 {
		kind = shared.KindFlight
	}
	return t.limits.server.Key(kind, h.rule.Name, string(text[:]))
}

// read takes over what Redis has decided.
func (t *Ticket) read(now int64) {
	step := 0
	for i := range t.holds {
		h := &t.holds[i]
		if !h.due {
			continue
		}
		h.due = false
		s := &t.call.Steps[step]
		step++
		h.level, h.taken = s.Level, s.Granted > 0
		switch {
		case h.rule.Concurrent > 0:
			t.readFlight(h, s)
		case h.taken:
			if h.rule.lease > 0 {
				h.keepLease(now, s.Granted, 1)
			}
		case h.rate.Left(s.Level) == 0: // and not refused because of another limit
			h.rule.state.refuseUntil(h.hash, now, h.rate.Wait(s.Level))
			t.fill(h, now)
			t.refuse(h, h.rate.Wait(s.Level))
		}
	}
}

func (t *Ticket) readFlight(h *hold, s *shared.Step) {
	switch {
	case h.taken:
		h.rule.state.flights.add(h.hash)
		t.limits.server.Hold(s.Key, s.ID, s.Expire)
	case s.Level >= int64(h.rule.Concurrent):
		t.refuse(h, retryFlight)
	}
}

// recallTime is for how long a refusal is remembered without asking again: a cost may be less than was taken, and an
// operator may take a key out of Redis so that somebody need not wait for hours.
const recallTime = 5 * time.Second

// refuseUntil remembers that Redis has nothing for a key for some time.
func (s *state) refuseUntil(hash uint64, now int64, wait time.Duration) {
	entry := s.refusals.Open(hash, now)
	entry.Until, entry.Value = now+min(wait, recallTime).Microseconds(), now+wait.Microseconds()
	s.refusals.Close(hash)
}

// decideAlone does what limits say for the case that Redis does not answer.
func (t *Ticket) decideAlone(now int64) {
	for i := range t.holds {
		h := &t.holds[i]
		if !h.due {
			continue
		}
		h.rule.state.alone.Add(1)
		h.source = here
		switch h.rule.OnError {
		case config.OnErrorAllow:
			h.due, h.unknown = false, true
		case config.OnErrorDeny:
			h.due, h.unknown = false, true
			t.refuse(h, t.limits.redis.Retry)
		case config.OnErrorLocal:
			h.rate = t.share(h.rule.rate)
		}
	}
	t.takeHere(now)
}

// share is the part of a rate that this process may use by itself.
func (t *Ticket) share(rate gcra.Limit) gcra.Limit { return rate.Share(t.limits.server.Nodes()) }

// rateHere is the rate by which this process counts.
func (t *Ticket) rateHere(h *hold) gcra.Limit {
	if h.rule.shared {
		return t.share(h.rule.rate)
	}
	return h.rule.rate
}

// flightsOf is how many requests with a key this process may have in flight.
func (t *Ticket) flightsOf(h *hold) int {
	if h.rule.shared {
		return max(1, h.rule.Concurrent/t.limits.server.Nodes())
	}
	return h.rule.Concurrent
}

// warm has the local limiter count what Redis has granted, within its share: it is then neither empty nor overfull when it
// has to decide.
func (t *Ticket) warm(now int64) {
	for i := range t.holds {
		h := &t.holds[i]
		if h.source == here || !h.taken || h.rate.Interval == 0 {
			continue
		}
		rate := t.share(h.rule.rate)
		buckets := h.rule.state.buckets
		entry := buckets.Open(h.hash, now)
		entry.Until = now + min(rate.Level(entry.Until, now)+rate.Interval, rate.Burst)
		buckets.Close(h.hash)
	}
}

// fill has the local limiter know that nothing is left of a rate: if it has to decide next, it does not begin with a burst.
func (t *Ticket) fill(h *hold, now int64) {
	entry := h.rule.state.buckets.Open(h.hash, now)
	entry.Until = max(entry.Until, now+t.share(h.rule.rate).Burst)
	h.rule.state.buckets.Close(h.hash)
}

// chargeShared has Redis take units of a rate. Nobody waits for it.
func (t *Ticket) chargeShared(h *hold, units int64) {
	t.limits.server.Post(&shared.Call{Steps: []shared.Step{{
		Kind: shared.KindCharge, Key: t.keyOf(h), Rate: h.rule.rate, Most: units,
	}}}, nil)
}
