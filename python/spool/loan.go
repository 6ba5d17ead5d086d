package spool

// Source is what a writer has not read yet itself, and what can go to a client's socket without passing through memory.
type Source interface {
	// Unread returns how many bytes are still to come of the chunk that the piece is the beginning of.
	Unread() int
	// SendTo sends up to most bytes to a socket that does not block, and returns how many that were and what comes next. It
	// waits neither for the client nor for more to send. The error is the socket's.
	SendTo(socket int, most int64) (sent int64, next Next, err error)
}

// Next is what is to be done when a Source has sent what it could.
type Next uint8

// What comes next.
const (
	Await Next = iota // the writer waits for more
	Store             // the client is slow: what comes goes into the spool
	Done              // the body is whole
)

// habit is what the reader of a spool does with loans.
type habit uint8

const (
	undecided habit = iota // it has not said
	borrows
	declines
)

// loan is what the writer has at hand and offers to the reader.
type loan struct {
	piece  []byte // what is in memory already
	source Source // what comes behind it; nil: there is no loan
	out    bool   // the reader has it
	sent   int    // of the piece
}

// Borrow says that the reader takes loans, and Decline that it does not. Until it has said either, Lend waits for it. A
// reader that begins to read without Borrow declines, and so does one that closes the spool.
func (s *Spool) Borrow() { s.decide(borrows) }

// Decline is the opposite of Borrow.
func (s *Spool) Decline() { s.decide(declines) }

func (s *Spool) decide(h habit) {
	s.mu.Lock()
	s.habit = h
	s.change.Broadcast()
	s.mu.Unlock()
}

func (s *Spool) decideToRead() {
	if s.habit == undecided {
		s.habit = declines
		s.change.Broadcast()
	}
}

// Slow says that the client does not keep up: until all that waits has been taken nothing is lent. It is for a reader that
// borrows, before it waits for the client.
func (s *Spool) Slow() {
	s.mu.Lock()
	s.slow = true
	s.change.Broadcast()
	s.mu.Unlock()
}

// Lend offers the reader a piece of the body and what comes behind it, which it sends by itself as far as the client takes
// it at once. It waits for the reader, but not for the client: of one that is slow, or that does not borrow, it returns at
// once. sent is how much of the piece was sent; the rest, and what the source still has, is the writer's again.
func (s *Spool) Lend(piece []byte, source Source) (sent int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loan, s.coming = loan{piece: piece, source: source}, false
	s.change.Broadcast()
	for s.loan.source != nil && (s.loan.out || s.mayLend()) {
		s.change.Wait()
	}
	repaid := s.loan.source == nil
	sent = s.loan.sent
	s.loan = loan{}
	if s.closed && !repaid { // else the reader may have had all that it wants
		return 0, ErrReaderGone
	}
	return sent, nil
}

func (s *Spool) mayLend() bool { return !s.closed && !s.slow && s.habit != declines }

// takeLoan gives the reader what the writer offers, and reports whether that is anything.
func (s *Spool) takeLoan(b *Batch) bool {
	if s.loan.source == nil || s.habit != borrows || s.slow {
		return false
	}
	s.loan.out = true
	b.Vectors = append(b.Vectors, s.loan.piece)
	b.Size, b.More = int64(len(s.loan.piece)), s.loan.source
	return true
}

// Repay ends a loan, in place of Release: sent is how much of the batch's bytes, which do not count those of More, was sent,
// and next what is to be done now.
func (s *Spool) Repay(b *Batch, sent int64, next Next) {
	clear(b.Vectors)
	*b = Batch{Vectors: b.Vectors[:0]}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loan = loan{sent: int(sent)}
	switch next {
	case Store:
		s.slow = true
	case Done: // which the writer will say, too
		s.ended, s.onClose = true, nil
	}
	s.change.Broadcast()
}
