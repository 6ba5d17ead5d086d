package admin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"strconv"
	"strings"
	"time"
)

// cookieLife is for how long a browser needs not be told the token again.
const cookieLife = 7 * 24 * time.Hour

// cookieName has the port in it, as browsers show a cookie to all ports of its host.
func cookieName(addr net.Addr) string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "forebay_admin"
	}
	return "forebay_admin_" + port
}

// newCookie returns a value that stands for the token until then: the moment, and what only who knows the token can make of
// it. The token itself is not in it, as an application on the same host may see the cookie.
func (e *Entry) newCookie(until time.Time) string {
	moment := strconv.FormatInt(until.Unix(), 10)
	return moment + "." + e.seal(moment)
}

func (e *Entry) seal(moment string) string {
	mac := hmac.New(sha256.New, []byte(e.token))
	mac.Write([]byte("forebay admin cookie " + moment))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// isCookie reports whether value was made by newCookie with our token, for a time that has not passed.
func (e *Entry) isCookie(value string, now time.Time) bool {
	moment, seal, found := strings.Cut(value, ".")
	if !found || e.token == "" || !hmac.Equal([]byte(seal), []byte(e.seal(moment))) {
		return false
	}
	until, err := strconv.ParseInt(moment, 10, 64)
	return err == nil && now.Unix() < until
}
