import logging


def get_logger(name="ppocr"):
    return logging.getLogger(name)
