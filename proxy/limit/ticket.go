package limit

import (
	"net/http"
	"sync"
	"time"

	"forebay/proxy/limit/gcra"
	"forebay/proxy/limit/shared"
	"forebay/proxy/limit/table"
	"forebay/python"
)

// retryFlight is when one may come again who has too many requests in flight: nobody knows when they end.
const retryFlight = time.Second

// Ticket is what was decided about one request, and what it holds of its limits. It belongs to one goroutine.
type Ticket struct {
	limits  *Limits
	holds   []hold
	refusal Refusal
	delay   time.Duration
	waiting bool         // it has a place among the requests that wait
	asks    bool         // Redis has a part in it
	call    *shared.Call // to ask it with; nil: none is there to be used again
	text    []byte       // the keys, one after the other
}

// hold is what a request has of one limit.
type hold struct {
	rule       *rule
	begin, end int    // of its key in the ticket's text
	hash       uint64 // of that
	// rate is the one by which was decided: the limit's, or this process's share of it.
	rate   gcra.Limit
	source source
	due    bool  // nobody has decided yet
	want   int64 // how many units are asked for
	id     int64 // of a request in flight that Redis counts
	// level is how full the bucket is, in microseconds, or how many requests are in flight.
	level int64
	// taken says that a part of it is the request's.
	taken bool
	// short says that there was nothing left, and unknown that nobody knows.
	short, unknown bool

	entry *table.Entry[struct{}] // while it is locked
}

// A new ticket has room for what few limits need.
var tickets = sync.Pool{New: func() any { return &Ticket{holds: make([]hold, 0, 4), text: make([]byte, 0, 256)} }}

func newTicket(l *Limits) *Ticket {
	t := tickets.Get().(*Ticket)
	t.limits = l
	return t
}

// maxKept is how much memory for keys a ticket keeps.
const maxKept = 4 << 10

// Landed gives back the request's places among those in flight: its answer is all but sent.
func (t *Ticket) Landed() {
	for i := range t.holds {
		if h := &t.holds[i]; h.taken && h.rule.Concurrent > 0 {
			h.taken = false
			t.land(h)
		}
	}
}

// land takes a request out of those in flight.
func (t *Ticket) land(h *hold) {
	h.rule.state.flights.give(h.hash)
	if h.source == redis {
		t.limits.server.Release(t.keyOf(h), h.id, h.rule.Expire)
	}
}

// Close gives back what the request still holds. The ticket must not be used afterwards.
func (t *Ticket) Close() {
	t.Waited()
	t.Landed()
	clear(t.holds)
	text := t.text[:0]
	if cap(text) > maxKept {
		text = nil
	}
	*t = Ticket{holds: t.holds[:0], text: text, call: t.call}
	tickets.Put(t)
}

// Refusal says that a request is not served, since a limit is reached or its client is denied.
type Refusal struct {
	// Limit is the name of the limit.
	Limit string
	// Status is that of the answer.
	Status int
	// Retry is when it may be tried again. 0 means that nobody knows.
	Retry time.Duration
}

func (r *Refusal) Error() string { return "refused by the limit " + r.Limit }

// Seconds is Retry in the form of the field Retry-After: in whole seconds, never too early.
func (r *Refusal) Seconds() int64 { return seconds(r.Retry) }

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// Err is nil if the request may go on, and a *Refusal, which is valid until Close, if not.
func (t *Ticket) Err() error {
	if t.refused() {
		return &t.refusal
	}
	return nil
}

// Delay is how long the request has to wait before it goes on. The caller waits, and then calls Waited.
func (t *Ticket) Delay() time.Duration { return t.delay }

// Waited gives back the place among the requests that wait.
func (t *Ticket) Waited() {
	if t.waiting {
		t.waiting = false
		t.limits.limiter.delayed.Add(-1)
	}
}

func (t *Ticket) refused() bool { return t.refusal.Status != 0 }

// delays reports whether the limit has requests wait.
func (h *hold) delays() bool { return h.rule.Delay >= 0 && h.taken && !h.rule.DryRun }

// refuse notes that a limit has nothing left.
func (t *Ticket) refuse(h *hold, retry time.Duration) {
	h.short = true
	if h.rule.DryRun {
		return
	}
	if !t.refused() {
		t.refusal = Refusal{Limit: h.rule.Name, Status: h.rule.Status}
	}
	t.refusal.Retry = max(t.refusal.Retry, retry)
}

// deny refuses a client of a network that is on a limit's list, and reports whether it did.
func (t *Ticket) deny(r *rule) bool {
	if r.DryRun {
		r.state.spared.Add(1)
		if n, due := r.state.tell(t.limits.limiter.now()); due {
			t.limits.limiter.log.Info("limit would deny", "limit", r.Name, "requests", n)
		}
		return false
	}
	r.state.refused.Add(1)
	t.holds = t.holds[:0] // what was found before it has taken nothing yet
	t.refusal = Refusal{Limit: r.Name, Status: http.StatusForbidden}
	return true
}

// count counts what became of the request.
func (t *Ticket) count(now int64) {
	for i := range t.holds {
		h := &t.holds[i]
		s := h.rule.state
		switch {
		case h.short && h.rule.DryRun:
			if !t.refused() {
				s.spared.Add(1)
				if n, due := s.tell(now); due {
					t.limits.limiter.log.Info("limit would refuse", "limit", h.rule.Name, "requests", n)
				}
			}
		case h.short:
			s.refused.Add(1)
		case !t.refused():
			s.passed.Add(1)
			if t.delay > 0 && h.rule.Delay >= 0 {
				s.delayed.Add(1)
			}
		}
	}
}

// TakeCost takes the fields out of a response in which the application says what the request was worth, charges that, and
// returns the other fields.
func (t *Ticket) TakeCost(fields []python.Field) []python.Field {
	for i := range t.holds {
		h := &t.holds[i]
		if h.rule.cost == "" {
			continue
		}
		cost, said := costOf(fields, h.rule.cost)
		if !said || !h.taken {
			continue
		}
		if cost < 0 {
			if n, due := h.rule.state.tell(t.limits.limiter.now()); due {
				t.limits.limiter.log.Warn("cost is no number", "limit", h.rule.Name, "requests", n)
			}
			continue
		}
		t.charge(h, t.limits.limiter.now(), min(cost, int64(h.rule.CostMax))-1)
	}
	for i := range t.holds { // two limits may read the same field
		if name := t.holds[i].rule.cost; name != "" {
			fields = without(fields, name)
		}
	}
	return fields
}
