package shared

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/redis/go-redis/v9"
)

//go:embed take.lua
var takeSource string

var script = redis.NewScript(takeSource)

// The sizes of what is packed, in bytes: kind and two switches before four numbers, and two numbers.
const (
	stepSize   = 3 + 4*8
	headSize   = 8
	resultSize = 2 * 8
)

// batch is calls that are decided about in one step. Its memory is used again.
type batch struct {
	calls  []*Call
	keys   []string
	packed []byte
	now    int64 // Redis's time, of the last answer
}

func (b *batch) begin(c *Call) { b.calls = append(b.calls[:0], c) }

// fill adds the calls that wait, up to most in all.
func (b *batch) fill(queue <-chan *Call, most int) {
	for len(b.calls) < most {
		select {
		case c := <-queue:
			b.calls = append(b.calls, c)
		default:
			return
		}
	}
}

// encode packs the steps of all calls that somebody still cares about, drops the others, and reports whether there are
// any.
func (b *batch) encode() bool {
	b.keys, b.packed = b.keys[:0], b.packed[:0]
	wanted := b.calls[:0]
	for _, c := range b.calls {
		if !c.wanted() {
			continue
		}
		wanted = append(wanted, c)
		for i := range c.Steps {
			b.keys = append(b.keys, c.Steps[i].Key)
			b.packed = c.Steps[i].append(b.packed, i < len(c.Steps)-1)
		}
	}
	b.calls = wanted
	return len(b.calls) > 0
}

// append packs a step as the script reads it.
func (s *Step) append(b []byte, more bool) []byte {
	b = append(b, byte(s.Kind), flag(more), flag(s.Advisory))
	switch s.Kind {
	case KindFlight, KindRelease:
		return appendNumbers(b, s.Most, s.Expire.Microseconds(), 0, s.ID)
	default:
		return appendNumbers(b, s.Rate.Interval, s.Rate.Burst, s.Rate.Ceiling, s.Most)
	}
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func appendNumbers(b []byte, numbers ...int64) []byte {
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(n)))
	}
	return b
}

// decode fills the results in.
func (b *batch) decode(reply string) error {
	if want := headSize + resultSize*len(b.keys); len(reply) != want {
		return fmt.Errorf("the script's answer has %d bytes and not %d", len(reply), want)
	}
	b.now, reply = number(reply), reply[headSize:]
	for _, c := range b.calls {
		for i := range c.Steps {
			step := &c.Steps[i]
			step.Granted, step.Level = number(reply), number(reply[8:])
			reply = reply[resultSize:]
		}
	}
	return nil
}

// number reads a packed one.
func number(text string) int64 {
	var bits uint64
	for i := 7; i >= 0; i-- {
		bits = bits<<8 | uint64(text[i])
	}
	return int64(math.Float64frombits(bits))
}

// finish hands the results over, and returns the calls that were answered too late.
func (b *batch) finish(err error) (late []*Call) {
	for _, c := range b.calls {
		if !c.finish(err) && err == nil {
			late = append(late, c)
		}
	}
	clear(b.calls)
	return late
}
