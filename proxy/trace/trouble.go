package trace

import (
	"log/slog"
	"time"
)

// trouble is whether spans are exported. It belongs to one goroutine.
type trouble struct {
	since time.Time // of the first failure in a row; zero: there is none
	told  time.Time
}

// remind is how often the log says that spans are still not exported.
const remind = time.Minute

// tell logs that exporting has failed, that it goes on failing, and that it is over.
func (t *trouble) tell(log *slog.Logger, err error, dropped uint64) {
	now := time.Now()
	switch {
	case err == nil && !t.since.IsZero():
		log.Info("spans are exported again", "after", now.Sub(t.since).Round(time.Second), "dropped", dropped)
		*t = trouble{}
	case err != nil && now.Sub(t.told) >= remind:
		if t.since.IsZero() {
			t.since = now
		}
		t.told = now
		log.Warn("spans not exported", "error", err, "dropped", dropped)
	}
}
