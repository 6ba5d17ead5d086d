package chaos

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"forebay/bench/client"
	"forebay/bench/pace"
)

// Verdict is what a peer made of the load.
type Verdict struct {
	Peer string          `json:"peer"`
	Done map[Torment]int `json:"done"`
	Gets pace.Summary    `json:"gets"`
	// Orders are the POSTs that were sent, Answered those that were answered with 200.
	Orders   int `json:"orders"`
	Answered int `json:"orders_answered"`
	// Lost were answered with 200 and not run to their end, Doubled were run more than once; their names.
	Lost    []string `json:"lost"`
	Doubled []string `json:"doubled"`
	// Executing failed while the application was at work on them, or after it; by the reason that the client saw.
	// Untouched failed although the application had never begun them.
	Executing map[string]int `json:"failed_executing"`
	Untouched map[string]int `json:"failed_untouched"`
	// Names are those of the orders that failed, with what the client was told.
	Names map[string]string `json:"failed_orders"`
	// BadGateways are the answers with 502 to GETs and POSTs, and Logged those of them whose request id is in the log.
	BadGateways int `json:"bad_gateways"`
	Logged      int `json:"bad_gateways_logged"`
	// Slowest is the longest that an order took to be answered.
	Slowest time.Duration `json:"slowest_order_ns"`
}

// judge compares what the clients saw with what the application has written down, and with the log.
func judge(page string, all []sent, again int, written book, log string) Verdict {
	v := Verdict{Executing: map[string]int{}, Untouched: map[string]int{}, Names: map[string]string{}}
	gets := pace.Result{Again: again}
	for _, one := range all {
		err := one.fault(page)
		if one.answer.Status == http.StatusBadGateway {
			v.BadGateways++
			if named(one.answer.Body, log) {
				v.Logged++
			}
		}
		if one.request.Method == http.MethodGet {
			gets.Note(one.latency, err)
			continue
		}
		v.order(one, err, written)
	}
	v.Gets = gets.Summary()
	slices.Sort(v.Lost)
	slices.Sort(v.Doubled)
	return v
}

// order judges one POST.
func (v *Verdict) order(one sent, err error, written book) {
	name := one.request.Body
	begun, ended := written.Begun[name], written.Ended[name]
	v.Orders++
	if begun > 1 || ended > 1 {
		v.Doubled = append(v.Doubled, name)
	}
	if err != nil {
		v.Names[name] = strings.TrimSpace(err.Error() + " " + one.answer.Body)
	}
	switch {
	case err == nil:
		v.Answered++
		v.Slowest = max(v.Slowest, one.latency)
		if ended == 0 {
			v.Lost = append(v.Lost, name)
		}
	case begun > 0:
		v.Executing[client.Reason(err)]++
	default:
		v.Untouched[client.Reason(err)]++
	}
}

var requestID = regexp.MustCompile(`"request_id":\s*"([^"]+)"`)

// named reports whether the log names the request that was answered with this error.
func named(body, log string) bool {
	found := requestID.FindStringSubmatch(body)
	return found != nil && strings.Contains(log, found[1])
}
