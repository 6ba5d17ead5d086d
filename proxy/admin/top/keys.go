package top

// key is what somebody has pressed.
type key int

// The keys that mean something.
const (
	keyNone key = iota
	keyQuit
	keyInterrupt
	keyBack
	keyUp
	keyDown
	keyEnter
	keySort
)

// sequences are the keys as terminals send them: arrows in the normal and in the application mode of the cursor keys.
var sequences = map[string]key{
	"q": keyQuit, "Q": keyQuit, "\x03": keyInterrupt, "\x1b": keyBack, "\x7f": keyBack,
	"\x1b[A": keyUp, "\x1bOA": keyUp, "k": keyUp, "\x1b[B": keyDown, "\x1bOB": keyDown, "j": keyDown,
	"\r": keyEnter, "\n": keyEnter, "s": keySort, "S": keySort,
}

// keysOf are the keys in what a terminal has sent in one piece.
func keysOf(b []byte) []key {
	var keys []key
	for len(b) > 0 {
		n := 1
		if b[0] == '\x1b' && len(b) >= 3 && (b[1] == '[' || b[1] == 'O') {
			n = 3
		}
		if k := sequences[string(b[:n])]; k != keyNone {
			keys = append(keys, k)
		}
		b = b[n:]
	}
	return keys
}
