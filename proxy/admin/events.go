package admin

import (
	"bufio"
	"encoding/json"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"forebay/proxy/status"
)

// eventInterval is the time between two events.
const eventInterval = time.Second

// events answers with a stream of the server's state, one each second (WHATWG HTML, 9.2). Each stream has a goroutine of its
// own, which waits for its client and for nobody else.
func (a *Admin) events(c *fiber.Ctx) error {
	select {
	case a.streams <- struct{}{}:
	default:
		c.Set(fiber.HeaderRetryAfter, "5")
		return fiber.NewError(fiber.StatusServiceUnavailable, "too many streams of events")
	}
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set("X-Accel-Buffering", "no")
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) { // ends with the client, or with the listener
		defer func() { <-a.streams }()
		a.stream(w)
	})
	return nil
}

// stream writes events until the client leaves, which a write tells, or the listener ends.
func (a *Admin) stream(w *bufio.Writer) {
	tick := time.NewTicker(a.interval)
	defer tick.Stop()
	told := int64(-1) // the last second of the history that the client knows
	for a.event(w, &told) == nil {
		select {
		case <-tick.C:
		case <-a.over:
			return
		}
	}
}

// event writes one. Its history is of the seconds after told, of five minutes in the first one, which has a comment before
// it: there is something to read at once.
func (a *Admin) event(w *bufio.Writer, told *int64) error {
	first, st := *told < 0, a.observed.Status(true)
	st.History = slices.DeleteFunc(st.History, func(s status.Second) bool { return s.T <= *told })
	*told = max(*told, 0)
	for _, second := range st.History {
		*told = max(*told, second.T)
	}
	data, err := json.Marshal(st)
	if err != nil {
		return err
	}
	if first {
		_, _ = w.WriteString(": forebay\nretry: 1000\n\n") // Flush returns what is wrong
	}
	_, _ = w.WriteString("event: status\ndata: ")
	_, _ = w.Write(data)
	_, _ = w.WriteString("\n\n")
	return w.Flush()
}
