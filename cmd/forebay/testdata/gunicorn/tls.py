# Gunicorn at the edge, with a certificate.
bind = ["0.0.0.0:443"]
certfile = "/etc/ssl/certs/site.pem"
keyfile = "/etc/ssl/private/site.key"
ssl_version = "TLSv1_2"
ciphers = "ECDHE+AESGCM"
do_handshake_on_connect = True
reuse_port = True
