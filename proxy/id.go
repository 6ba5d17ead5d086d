package proxy

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
)

// ids makes request ids: 16 hexadecimal digits that do not repeat within a process and are unlikely to between two. They
// name a request in logs; they are no secret.
type ids struct {
	seed uint64
	last atomic.Uint64
}

const idLength = 16

func newIDs() *ids {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return &ids{seed: binary.LittleEndian.Uint64(b[:])}
}

// next writes an id to dst. A counter goes through the mixing function of SplitMix64 (Steele, Lea and Flood, 2014), which
// maps different numbers to different numbers.
func (g *ids) next(dst *[idLength]byte) {
	z := g.seed + g.last.Add(1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	const digits = "0123456789abcdef"
	for i := range dst {
		dst[i] = digits[z&15]
		z >>= 4
	}
}

// maxID is how long an id may be that a proxy gives. Heroku's bound is the same.
const maxID = 200

// validID reports whether an id can be taken over. What passes needs no escaping, neither in a log nor in HTML, and is
// enough for UUIDs, base64, and what clouds write (X-Amzn-Trace-Id, X-Cloud-Trace-Context).
func validID(id []byte) bool {
	if len(id) == 0 || len(id) > maxID {
		return false
	}
	for _, c := range id {
		if !idBytes[c] {
			return false
		}
	}
	return true
}

var idBytes = func() (t [256]bool) {
	for _, c := range []byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~+/=:;@") {
		t[c] = true
	}
	return t
}()
