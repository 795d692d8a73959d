"""Stand-in: the parameters that overrule the command line's."""


class Config(object):
    pass


def read_params():
    cfg = Config()
    cfg.det_algorithm = "DB"
    cfg.det_model_dir = "./inference/ch_PP-OCRv3_det_infer/"
    cfg.drop_score = 0.5
    return cfg
