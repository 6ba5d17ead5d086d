# Behind a load balancer.
bind = ":8080"
workers = "4"
forwarded_allow_ips = "*"
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
proxy_protocol = True
proxy_allow_ips = "10.0.0.0/8, 192.168.0.1"
limit_request_line = 0
limit_request_fields = 200
limit_request_field_size = 16380
syslog = True
syslog_addr = "udp://localhost:514"
