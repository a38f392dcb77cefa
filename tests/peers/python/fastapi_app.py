"""An API in FastAPI. A set-up of CORS replaces the mark at the end."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/items")
def read():
    return [1, 2, 3]


@app.put("/items/{number}")
def change(number: int):
    return {"number": number}


@app.get("/broken")
def broken():
    raise RuntimeError("broken on purpose")


# {{ CORS }}
