"""The way of an alert, hop by hop: did it arrive, and which link is broken?"""
