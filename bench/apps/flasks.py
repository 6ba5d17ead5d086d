"""A route of Flask with a number in it."""

from flask import Flask

application = Flask(__name__)


@application.get("/users/<int:number>")
def user(number):
    return {"id": number, "name": "user %d" % number, "active": number % 2 == 1}
