package overload

import (
	"fmt"
	"slices"
	"time"
)

// Trial is what became of the load of one kind of clients.
type Trial struct {
	Peer  string  `json:"peer"`
	Stays bool    `json:"clients_stay"`
	Peak  float64 `json:"peak_per_second"`
	// Good is how many good answers came while the load was too high, Goodput how many a second.
	Good    float64 `json:"good"`
	Goodput float64 `json:"goodput_per_second"`
	// Worst is the goodput of the worst second of these but the first.
	Worst float64 `json:"worst_second"`
	// Sent and Outcomes are all requests that were due while the load was too high.
	Sent     int            `json:"sent"`
	Outcomes map[string]int `json:"outcomes"`
	// Median and P99 are how long good answers took.
	Median time.Duration `json:"good_p50_ns"`
	P99    time.Duration `json:"good_p99_ns"`
	// Recovery is how long after the load had fallen the last request came that got no good answer.
	Recovery time.Duration `json:"recovery_ns"`
	// LaterP99 is of the requests from a second after the fall.
	LaterP99 time.Duration `json:"later_p99_ns"`
	// Lag is how late the program was that makes the load, at worst. It shares the machine.
	Lag time.Duration `json:"sent_late_ns"`
	// Seconds are good answers in each second from the begin.
	Seconds []int `json:"good_in_each_second"`
}

// judge counts. The load was too high from begin to end.
func judge(samples []sample, begin, end time.Duration) Trial {
	trial := Trial{Outcomes: map[string]int{}}
	var took, later []time.Duration
	perSecond := map[int]int{}
	for _, s := range samples {
		trial.Lag = max(trial.Lag, s.sent-s.due)
		if s.outcome == good {
			perSecond[int(s.end/time.Second)]++
			if s.end >= begin && s.end < end {
				trial.Good++
			}
		}
		switch {
		case s.due >= end && s.outcome != good:
			trial.Recovery = max(trial.Recovery, s.due-end)
		case s.due >= end+time.Second:
			later = append(later, s.end-s.due)
		case s.due >= begin && s.due < end:
			trial.Sent++
			trial.Outcomes[outcomeNames[s.outcome]]++
			if s.outcome == good {
				took = append(took, s.end-s.due)
			}
		}
	}
	trial.Median, trial.P99 = quantile(took, 0.5), quantile(took, 0.99)
	trial.LaterP99 = quantile(later, 0.99)
	for second := range 1 + slices.Max(append(keys(perSecond), 0)) {
		trial.Seconds = append(trial.Seconds, perSecond[second])
	}
	trial.Worst = worst(trial.Seconds, begin, end)
	return trial
}

func keys(m map[int]int) []int {
	list := make([]int, 0, len(m))
	for key := range m {
		list = append(list, key)
	}
	return list
}

// worst returns the least of the whole seconds that lie between the two, but for the first.
func worst(seconds []int, begin, end time.Duration) float64 {
	least, any := 0, false
	for second := int(begin/time.Second) + 1; second < int(end/time.Second); second++ {
		n := 0
		if second < len(seconds) {
			n = seconds[second]
		}
		if !any || n < least {
			least, any = n, true
		}
	}
	return float64(least)
}

// quantile returns 0 of nothing.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}

// String is one line of progress.
func (t Trial) String() string {
	return fmt.Sprintf("%s, clients %s: goodput %.0f/s, %.0f %% of the peak, worst second %.0f; %v; recovery %v; seconds %v", t.Peer, t.kind(),
		t.Goodput, 100*t.Goodput/t.Peak, t.Worst, t.Outcomes, t.Recovery.Round(time.Millisecond), t.Seconds)
}

func (t Trial) kind() string {
	if t.Stays {
		return "stay"
	}
	return "leave"
}
