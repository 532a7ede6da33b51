"""Going on after a mistake (the plain form: report the line and read it as a bad statement)."""

from .driver import Driver


def recover(driver: Driver, index: int) -> int:
    text = driver.text
    kinds = text.kinds
    end = text.ends[index]
    if kinds[index] not in "{}$" or not text.mistakes.any_between(end, end):
        text.mistakes.add("E0100", f"`{text.words[index]}` does not fit here", end - len(text.words[index]), end)
    while "!" not in driver.states[-1].shift and "!" not in driver.states[-1].reduce:
        driver.states.pop()
        driver.values.pop()
    while kinds[index] not in ";$":
        index += 1
    if kinds[index] == "$":
        raise AssertionError
    driver.feed("!", index, ";")
    return index
