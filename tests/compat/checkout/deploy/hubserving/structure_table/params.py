"""Stand-in: the parameters that overrule the command line's."""


class Config(object):
    pass


def read_params():
    cfg = Config()
    cfg.table_model_dir = "./inference/table/"
    cfg.table_max_len = 32
    return cfg
