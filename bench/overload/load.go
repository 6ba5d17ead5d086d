package overload

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// step is a time of steady load.
type step struct {
	rate  float64 // requests a second
	lasts time.Duration
}

// sample is one request: when it was due since the begin, when it was sent, when its client knew its outcome, and which
// that was.
type sample struct {
	due, sent, end time.Duration
	outcome        outcome
}

// mostOpen bounds the requests that are on their way at once, and so the descriptors and the memory of this program.
const mostOpen = 15000

// openLoop sends requests at the rates of the steps, one after the other, whatever becomes of them.
func openLoop(ctx context.Context, c client, steps []step) ([]sample, error) {
	var samples []sample
	var mu sync.Mutex
	var asking sync.WaitGroup
	var open atomic.Int64
	defer asking.Wait()
	begin := time.Now()
	at := time.Duration(0)
	for _, s := range steps {
		for i := range int(s.rate * s.lasts.Seconds()) {
			due := at + time.Duration(float64(i)/s.rate*float64(time.Second))
			time.Sleep(time.Until(begin.Add(due)))
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if open.Add(1) > mostOpen {
				return nil, fmt.Errorf("more than %d requests are on their way", mostOpen)
			}
			asking.Go(func() { // ends when the client's patience does
				sent := time.Since(begin)
				result := c.ask(ctx, begin.Add(due))
				open.Add(-1)
				mu.Lock()
				samples = append(samples, sample{due, sent, time.Since(begin), result})
				mu.Unlock()
			})
		}
		at += s.lasts
	}
	asking.Wait()
	return samples, nil
}

// measurePeak returns how many requests a second the server can answer: with so many at once that no thread has to wait
// for one, and no request for long. It takes the better half of the time.
func measurePeak(ctx context.Context, c client, o options) (float64, error) {
	var answered [3]atomic.Int64 // in each half, and after the end
	var failed atomic.Int64
	var asking sync.WaitGroup
	begin := time.Now()
	for range 2 * o.Workers * o.Threads {
		asking.Go(func() { // ends with the time
			for time.Since(begin) < o.Peak && ctx.Err() == nil {
				if c.ask(ctx, time.Now()) != good {
					failed.Add(1)
				}
				half := 2 * time.Since(begin) / o.Peak
				answered[min(half, 2)].Add(1)
			}
		})
	}
	asking.Wait()
	if failed.Load() > 0 {
		return 0, errors.New("requests fail that are not too many")
	}
	time.Sleep(settle)
	return 2 * float64(max(answered[0].Load(), answered[1].Load())) / o.Peak.Seconds(), ctx.Err()
}
