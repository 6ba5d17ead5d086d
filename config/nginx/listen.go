package nginx

import (
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
)

// address is one that a server listens on.
type address struct {
	d             *directive
	host, port    string
	unix          string
	ssl, proxy    bool
	isIPv6, alone bool // alone: IPv6 only, as it is unless it is said otherwise
}

// takeListen makes addresses of the server's. Those with TLS are for what ends it.
func (m *migration) takeListen() {
	listens := m.server.own("listen")
	var plain []address
	var secret, proxied []*directive
	for _, d := range listens {
		a := addressOf(d)
		switch {
		case slices.ContainsFunc(d.Args, func(a string) bool { return a == "quic" || a == "http3" }):
			m.leave(d, groupGone, "HTTP/3 is not available in this version")
			continue
		case a.unix != "" && !filepath.IsAbs(a.unix):
			m.leave(d, groupGone, "nginx looks for this path in a directory of its own")
			continue
		case a.ssl || isOn(m.server.last("ssl")):
			secret = append(secret, d)
			continue
		case a.proxy:
			proxied = append(proxied, d)
		}
		plain = append(plain, a)
	}
	for _, d := range secret {
		m.leave(d, groupGrave, "TLS is not available in this version: end it in front of forebay, and name where in forwarded_allow_ips")
	}
	binds, from := bindsOf(plain)
	switch {
	case len(binds) > 0:
		m.take(from...)
		m.set("bind", quoteAll(binds), why(from...))
	case len(secret) > 0:
		m.set("bind", quoteAll([]string{"127.0.0.1:8000"}), why(secret...),
			"The server had TLS only, which this version does not have. This is where what ends TLS asks forebay by HTTP: only from this\n"+
				"machine, so that nobody gets around TLS; if TLS ends elsewhere, name an address here that is reached from there alone")
		m.suggest("forwarded_allow_ips", `["127.0.0.1"]`, "Where that is, so that it is believed that a request came by https, and from whom")
	case len(listens) > 0:
		m.set("bind", quoteAll([]string{"127.0.0.1:8000"}), why(listens...), "The server had no address that forebay can have: name one")
	default: // nginx's own default
		m.set("bind", quoteAll([]string{"0.0.0.0:80"}), "There is no listen: nginx takes port 80 then")
	}
	if len(proxied) > 0 {
		m.takeProxyProtocol(proxied)
	}
	m.noteListen(plain)
}

// noteListen is about parameters that are not taken over.
func (m *migration) noteListen(plain []address) {
	for _, a := range plain {
		for _, arg := range a.d.Args[1:] {
			name, value, _ := strings.Cut(arg, "=")
			switch name {
			case "http2":
				m.note(a.d, groupGone, "HTTP/2 is not available in this version")
			case "backlog":
				if n := wholeNumber(value); n != "" && n != "0" {
					m.set("backlog", n, why(a.d))
				}
			case "setfib", "accept_filter", "so_keepalive", "rcvbuf", "sndbuf":
				m.note(a.d, groupOwn, "%s is the system's", name)
			}
		}
	}
}

// addressOf reads a listen.
func addressOf(d *directive) address {
	a := address{d: d, port: "80", alone: true}
	first := arg(d, 0)
	if path, isUnix := strings.CutPrefix(first, "unix:"); isUnix {
		a.unix = path
	} else if !strings.ContainsAny(first, ".:[*abcdefghijklmnopqrstuvwxyz") {
		a.port = first
	} else if host, port, err := net.SplitHostPort(first); err == nil {
		a.host, a.port = host, port
	} else {
		a.host = strings.Trim(first, "[]")
	}
	if ip, err := netip.ParseAddr(a.host); err == nil {
		a.isIPv6 = ip.Is6()
	}
	for _, arg := range d.Args {
		switch arg {
		case "ssl":
			a.ssl = true
		case "proxy_protocol":
			a.proxy = true
		case "ipv6only=off":
			a.alone = false
		}
	}
	return a
}

// bindsOf are the addresses in our form, each once. All of IPv4 and all of IPv6 on one port are one: a socket of ours that
// is for all addresses takes both.
func bindsOf(addresses []address) (binds []string, from []*directive) {
	type both struct{ four, six bool }
	ports := map[string]both{}
	for _, a := range addresses {
		p := ports[a.port]
		p.four = p.four || a.isAny() && !a.isIPv6
		p.six = p.six || a.isAny() && a.isIPv6
		ports[a.port] = p
	}
	for _, a := range addresses {
		bind := net.JoinHostPort(a.host, a.port)
		switch {
		case a.unix != "":
			bind = "unix:" + a.unix
		case a.isAny() && (ports[a.port] == both{true, true} || a.isIPv6 && !a.alone):
			bind = ":" + a.port
		case a.isAny() && !a.isIPv6:
			bind = "0.0.0.0:" + a.port
		}
		if !slices.Contains(binds, bind) {
			binds = append(binds, bind)
		}
		from = append(from, a.d)
	}
	return binds, from
}

// isAny says whether it is every address of the machine.
func (a address) isAny() bool {
	return a.unix == "" && slices.Contains([]string{"", "*", "0.0.0.0", "::"}, a.host)
}

// takeProxyProtocol names those whose connections begin with a header. It is believed by us, which it is by nginx only with
// real_ip_header; so it is not enough that anybody may connect.
func (m *migration) takeProxyProtocol(listens []*directive) {
	m.take(listens...)
	from := slices.DeleteFunc(slices.Clone(m.server.inherited("set_real_ip_from")), func(d *directive) bool { return !isPeer(arg(d, 0)) })
	if header := m.server.last("real_ip_header"); arg(header, 0) == "proxy_protocol" && len(from) > 0 {
		m.take(append(from, header)...)
		m.set("proxy_protocol_from", quoteAll(peersOf(from)), why(slices.Concat(listens, from, []*directive{header})...))
		return
	}
	m.suggest("proxy_protocol_from", `["10.0.0.0/8"]`, "Name the load balancers whose connections begin with a header of the PROXY protocol", why(listens...))
	for _, d := range listens {
		m.note(d, groupGrave, "name who sends the header of the PROXY protocol in proxy_protocol_from: without it such connections are refused")
	}
}

// takeProxies names those who are believed about the client.
func (m *migration) takeProxies() {
	header := m.server.last("real_ip_header")
	var from []*directive
	for _, d := range m.server.inherited("set_real_ip_from") {
		if isPeer(arg(d, 0)) {
			from = append(from, d)
		} else {
			m.leave(d, groupGone, "a proxy is named by its address")
		}
	}
	switch name := strings.ToLower(arg(header, 0)); {
	case len(from) == 0 || m.done[from[0]]:
	case name == "proxy_protocol":
		for _, d := range append(from, header) {
			m.leave(d, groupGrave, "no listen has proxy_protocol: name them in proxy_protocol_from if they send it")
		}
	default:
		m.take(append(from, header)...)
		m.set("forwarded_allow_ips", quoteAll(peersOf(from)), why(append(from, header)...))
		if name != "x-forwarded-for" {
			d := header
			if d == nil {
				d = from[0]
			}
			m.note(d, groupGrave, "of these X-Forwarded-For and Forwarded are read, from right to left, and no %s: see that they send one of the two",
				orElse(arg(header, 0), "X-Real-IP"))
		}
	}
	if d := m.server.last("real_ip_recursive"); d != nil {
		m.leave(d, groupOwn, "it is always so: from right to left, as far as proxies are named")
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// isPeer says whether a proxy is named by its address, or as one on this machine.
func isPeer(text string) bool {
	_, notAddress := netip.ParseAddr(text)
	_, notNetwork := netip.ParsePrefix(text)
	return text == "unix:" || notAddress == nil || notNetwork == nil
}

// peersOf are the addresses that directives name.
func peersOf(ds []*directive) []string {
	var peers []string
	for _, d := range ds {
		peer := arg(d, 0)
		if peer == "unix:" {
			peer = "unix"
		} else if network, err := netip.ParsePrefix(peer); err == nil {
			peer = network.Masked().String()
		}
		if !slices.Contains(peers, peer) {
			peers = append(peers, peer)
		}
	}
	return peers
}
