import os
import time
from pathlib import Path

from flask import Flask, g, jsonify, request

from . import basket, files


def create_app(greeting="Welcome"):
    app = Flask(__name__)
    app.config.update(SECRET_KEY="only for tests", GREETING=greeting, DATA=Path(os.environ["SHOP_DATA"]))
    app.register_blueprint(basket.blueprint, url_prefix="/basket")
    app.register_blueprint(files.blueprint, url_prefix="/files")

    @app.before_request
    def begin():
        g.begun = time.monotonic()

    @app.after_request
    def finish(response):
        response.headers["X-Took"] = f"{time.monotonic() - g.begun:.6f}"
        return response

    @app.get("/")
    def home():
        return f"<h1>{app.config['GREETING']}</h1>"

    @app.post("/json")
    def add():
        numbers = request.get_json()["numbers"]
        return jsonify(sum=sum(numbers), numbers=numbers)

    @app.get("/broken")
    def broken():
        raise RuntimeError("out of paper")

    @app.errorhandler(404)
    def not_found(error):
        return jsonify(error="not found", path=request.path), 404

    @app.errorhandler(500)
    def failed(error):
        return jsonify(error=str(error.original_exception)), 500

    return app
