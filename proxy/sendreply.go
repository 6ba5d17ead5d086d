package proxy

import (
	"net/http"

	"forebay/proxy/reply"
)

// sendReply sends what forebay answers by itself, or for an application, whose reason is kept. r is done with when it
// returns.
func (x *exchange) sendReply(r *reply.Reply, reason []byte) error {
	defer r.Done()
	if r.Err != nil {
		x.reportFile(r)
	}
	if x.unreadBody() { // it is not worth waiting for
		x.conn.leaving, x.conn.lingering = true, true
	}
	if r.Bare() {
		return x.sendPage(r.Status, r.Fields)
	}
	x.startHead(r.Status, reason)
	x.out = append(x.out, r.Fields...)
	if r.Status == http.StatusNotModified || r.Status == http.StatusNoContent {
		x.endHead(x.givenBy(r.Fields), bare)
		return x.sendHead()
	}
	x.endHead(x.givenBy(r.Fields), r.Length)
	switch {
	case string(x.head.Method) == http.MethodHead:
		return x.sendHead()
	case r.File == nil:
		return x.sendWhole(r.Body)
	}
	return x.sendParts(r)
}

func (x *exchange) reportFile(r *reply.Reply) {
	x.conn.sock.Leave() // a line in the log may have to wait
	attrs := x.attrs("status", r.Status, "error", r.Err)
	if r.Status >= http.StatusInternalServerError {
		x.p.log.Error("file not sent", attrs...)
	} else {
		x.p.log.Debug("file not sent", attrs...)
	}
}

// sendParts sends the head, and then the parts of the file.
func (x *exchange) sendParts(r *reply.Reply) error {
	x.started = true
	if r.Length == 0 { // nothing follows that the head could wait for
		return x.conn.write(x.out)
	}
	ahead := x.out
	for _, part := range r.Parts {
		if err := x.conn.writeAhead(append(ahead, part.Prefix...)); err != nil {
			return err
		}
		x.sent += int64(len(part.Prefix))
		ahead = x.out[len(x.out):] // room behind it: the access log reads it
		send := x.conn.sendFile
		if r.Resident {
			send = x.conn.sendPages
		}
		if err := send(r.File, r.Intact, part.Offset, part.Count, &x.sent); err != nil {
			return err
		}
	}
	if len(r.Suffix) == 0 {
		return nil
	}
	x.sent += int64(len(r.Suffix))
	return x.conn.write(r.Suffix)
}
